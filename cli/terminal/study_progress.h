// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "joule/study/runner.h"

namespace joule::cli {

/// Shows the progress of a study on standard error: a bar with the finished trials, the time left
/// and the joules so far, below it a line per running trial, and above it a line for each trial
/// that ends.  Where lines cannot be redrawn (see may_redraw()), the bar is a plain line now and
/// then.
class StudyProgressBar {
 public:
  StudyProgressBar(std::string study, std::vector<study::Goal> goals);
  ~StudyProgressBar();
  StudyProgressBar(const StudyProgressBar&) = delete;
  StudyProgressBar& operator=(const StudyProgressBar&) = delete;

  /// Hooks that feed this; it must outlive them.
  study::RunHooks hooks();
  /// Removes the bar, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void show(const study::StudyProgress& progress);
  void print(const std::string& line);

  std::string study_;
  std::vector<study::Goal> goals_;
  bool redraws_;
  std::size_t drawn_ = 0;  // lines
  Clock::time_point next_;
};

/// "trial 3 complete in 0:12: accuracy 0.91, energy 12.3 J (measured); lambda 0.1, seed 2".
/// Of the values those of the goals, or without goals the first few.
std::string line_of(const study::Trial& trial, const std::vector<study::Goal>& goals = {});
/// "lambda 0.1, seed 2".
std::string line_of(const search::Point& point);
/// A value of a point; of a long text its beginning.
std::string shown_short(const search::PointValue& value);
/// "12.3 J (measured)", "unavailable (no meter)".
std::string shown(const study::Value& value);

}  // namespace joule::cli
