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

// The results of the study of energy-aware training.
namespace joule::study {

/// The trials of one method at one lambda and sigma.
struct EatCell {
  std::optional<double> lambda, sigma;  // empty: standard training
  std::int64_t complete = 0, failed = 0, waiting = 0;
  std::vector<std::string> errors;  // of the failed trials
  std::vector<Over> values;

  bool is_standard() const { return !lambda; }
  /// "standard", "lambda 0.5, sigma 0.0001".
  std::string title() const;
  /// Null if no trial has that value, or it is unavailable.
  const Over* find(std::string_view value) const { return study::find(values, value); }
  const Over* find(std::string_view value, Quality quality) const {
    return study::find(values, value, quality);
  }
};

/// The rule by which a point of the sweep was chosen, and the point.
struct EatChoice {
  std::string rule;
  std::optional<std::size_t> cell{};  // empty: no point satisfies the rule
  std::string why_none{};             // which of its conditions none satisfies
};

/// Test accuracies in %: that of standard training, and the highest that eat::kChance leaves to
/// chance.
struct LearntNothing {
  double accuracy = 0, chance = 0;
};

struct EatResults {
  EatConfig config;
  std::vector<EatCell> cells;  // standard training first, then by sigma and lambda
  /// Of standard training and the points of the sweep, those not dominated in mean accuracy and
  /// ratio, on the images used for choices.
  std::vector<std::size_t> front;
  /// Pairs on the front that the intervals over the seeds do not separate.
  std::vector<std::pair<std::size_t, std::size_t>> unseparated;
  /// The lowest ratio that is lower than standard training's, within 3 points of its accuracy.
  EatChoice paper;
  EatChoice ours;  // within 1 point
  std::optional<LearntNothing> learnt_nothing{};
  bool finished = false;

  const EatCell& standard() const { return cells.front(); }
};

/// The largest loss of accuracy of a chosen point, in percentage points.
inline constexpr double kPaperLoss = 3, kOurLoss = 1;

/// Groups the trials by point.  A cell with a failed or unfinished trial is never chosen nor on the
/// front, because the mean of its other trials would be too good.
///
/// Errors    ArgumentError if a trial's point is not of the study, or a value has two units.
EatResults eat_results(const EatConfig& config, const std::vector<Trial>& trials);

}  // namespace joule::study
