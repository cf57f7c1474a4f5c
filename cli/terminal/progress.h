// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "joule/training/trainer.h"

namespace joule::cli {

/// Shows training progress on standard error: a bar with the time left, loss, accuracy, images/s
/// and, if a meter gives them, joules per image, as much as fits into the terminal.  Where lines
/// cannot be redrawn (see may_redraw()), plain lines: one every few seconds and one per epoch.
class ProgressBar {
 public:
  /// `label` begins every line; may be empty.
  explicit ProgressBar(std::int64_t epochs, std::string label = "");
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Hooks that feed this; it must outlive them.
  training::Hooks hooks();
  /// Removes the bar, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void show(const training::Progress& progress);
  void show(const training::EpochMetrics& metrics);
  void show(const training::Prediction& prediction);

  std::int64_t epochs_;
  std::string label_;
  bool redraws_;
  bool drawn_ = false;
  bool measured_ = false;  // the last epoch was
  Clock::time_point next_;
};

}  // namespace joule::cli
