// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/study/eat/eat_config.h"
#include "joule/study/results/over.h"
#include "joule/study/trial.h"

// What the trials of the study of energy-aware training come to.
namespace joule::study {

/// The trials of one method at one lambda and sigma.
struct EatCell {
  std::optional<double> lambda, sigma;  // none: standard training
  std::int64_t complete = 0, failed = 0, waiting = 0;
  std::vector<std::string> errors;  // of those that failed
  std::vector<Over> values;

  bool is_standard() const { return !lambda; }
  /// "standard", "lambda 0.5, sigma 0.0001".
  std::string title() const;
  /// None if no trial has that value, or it is unavailable.
  const Over* find(std::string_view value) const { return study::find(values, value); }
  const Over* find(std::string_view value, Quality quality) const {
    return study::find(values, value, quality);
  }
};

/// How a point of the sweep was chosen, and which.
struct EatChoice {
  std::string rule;
  std::optional<std::size_t> cell;  // none: no point satisfies it
};

struct EatResults {
  EatConfig config;
  std::vector<EatCell> cells;  // standard training first, then by sigma and lambda
  /// Of the points of the sweep and standard training those that no other beats in the mean of
  /// accuracy and ratio, on the images that decide.
  std::vector<std::size_t> front;
  /// Pairs of the front that the intervals over the seeds do not tell apart.
  std::vector<std::pair<std::size_t, std::size_t>> unseparated;
  EatChoice paper;  // the lowest ratio within 3 points of standard training's accuracy
  EatChoice ours;   // the lowest ratio within 1 point
  bool finished = false;

  const EatCell& standard() const { return cells.front(); }
};

/// The most that a chosen point may lose, in points of accuracy.
inline constexpr double kPaperLoss = 3, kOurLoss = 1;

/// Groups the trials by point.  A cell of which a trial failed, or is not finished, is not chosen
/// and not on the front: the mean of the others would be too good.
///
/// Errors    ArgumentError if a trial's point is none of the study's, or one value has two units.
EatResults eat_results(const EatConfig& config, const std::vector<Trial>& trials);

}  // namespace joule::study
