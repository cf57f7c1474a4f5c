// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/study/value.h"

// The fitness of a net: one number, defined by a file.
namespace joule::study {

/// Whether a metric is below or above a threshold.
struct FitnessCondition {
  std::string metric;
  bool above = true;
  double threshold = 0;
  friend bool operator==(const FitnessCondition&, const FitnessCondition&) = default;
};

struct FitnessTerm {
  std::string metric;
  bool maximise = true;
  double weight = 1;
  /// The unit that the weight is for; the metric must have it.  For a metric with only one possible
  /// unit, that unit.
  std::string unit{};
  std::vector<FitnessCondition> conditions{};  // all must hold, else the term is 0
  friend bool operator==(const FitnessTerm&, const FitnessTerm&) = default;
};

/// F = sum_k c_k (w_k m_k for a metric to maximise, w_k / m_k for one to minimise); c_k is 1 if all
/// conditions of the term hold, else 0.  Higher is better.  An invalid net is worse than any valid
/// one; its fitness is shown as `invalid`.
///
/// Source    ENERGIZE, arXiv:2401.17733.
struct Fitness {
  std::vector<FitnessTerm> terms;
  double invalid = -1;
  friend bool operator==(const Fitness&, const Fitness&) = default;
};

/// {"terms": [{"metric": "accuracy_1"},
///            {"metric": "power_1", "direction": "minimise", "weight": 10, "unit": "W",
///             "if": [{"metric": "accuracy_1", "above": 0.7},
///                    {"metric": "accuracy_1", "below": 0.9}]}],
///  "invalid": -1}
///
/// Defaults: weight 1, direction maximise, invalid -1.  The unit may be omitted, too; for `power`,
/// which is W with a meter and J per image without one, it is then W.
///
/// Errors    DataError that starts with `path`: malformed, no term, an unknown metric (the nearest
///           is suggested), a weight or threshold that is not finite, a unit that the metric cannot
///           have.
Fitness parse_fitness(std::string_view json, const std::string& path);
/// The inverse.
std::string to_json(const Fitness& fitness);
/// "accuracy_1 + (10 W) / power_1 if accuracy_1 > 0.7 and accuracy_1 < 0.9".
std::string to_text(const Fitness& fitness);

/// The metrics for terms and conditions.  With _0 the whole net alone, with _1 the short one.
/// Without a suffix, accuracy is the mean of both; other metrics are those of the net with both
/// outputs.  If a net has one output, all three are that net's.
///
///   accuracy      a fraction, on the images of evolution-test
///   loss          mean cross-entropy there
///   power         of inference: watts measured by a meter, or without one modelled J per image
///   joules        J per image: from the meter's readings, or without one modelled
///   macs          of an image, all; macs_executed: without those saved by zeros
///   parameters
///   latency       s per image, elapsed
std::vector<std::string> fitness_metrics();

/// Refuses a fitness with a term whose weight is for another unit of power than the study has.
/// `watts`: a meter gives watts; otherwise power is modelled joules per image.
///
/// Errors    ArgumentError that names the term, both units and what to do.
void check_power_units(const Fitness& fitness, bool watts);

/// Numerics  double.
/// Errors    ArgumentError that names the term if the values have no such number (and why, if it is
///           unavailable), or in another unit than the weight is for; if a metric to minimise is
///           not positive; or if the fitness is not finite.
double fitness_of(const Fitness& fitness, const std::vector<Value>& values);

/// The available value of that name.
///
/// Errors    ArgumentError if there is none; the message says why.
const Value& metric_of(const std::vector<Value>& values, std::string_view metric);

}  // namespace joule::study
