// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/study/value.h"

// How good a net is, in one number that a file says how to make.
namespace joule::study {

/// Whether a metric is below, or above, a threshold.
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
  /// What the weight is for: the metric's unit must be this one.  Of a metric that has one unit
  /// alone it is that.
  std::string unit{};
  std::vector<FitnessCondition> conditions{};  // all must hold, else the term is 0
  friend bool operator==(const FitnessTerm&, const FitnessTerm&) = default;
};

/// F = sum_k c_k (w_k m_k if the metric is to be large, w_k / m_k if small); c_k is 1 if all
/// conditions of the term hold, else 0.  Higher is better; a net that is invalid is worse than any
/// that is not, and its fitness is shown as `invalid`.
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
/// Weight 1, direction maximise and invalid -1 may be left out; so may the unit, but of `power`,
/// which is W with a meter and J per image without: there it is W unless said.
///
/// Errors    DataError that starts with `path`: not of the form, no term, a metric that there is
///           not (the nearest is suggested), a weight or threshold that is not finite, a unit that
///           the metric cannot have.
Fitness parse_fitness(std::string_view json, const std::string& path);
/// The inverse.
std::string to_json(const Fitness& fitness);
/// "accuracy_1 + (10 W) / power_1 if accuracy_1 > 0.7 and accuracy_1 < 0.9".
std::string to_text(const Fitness& fitness);

/// The metrics that terms and conditions may name.  With _0 the whole net alone, with _1 the short
/// one; without, of accuracy the mean of both, of the others the net with both outputs.  Where a
/// net has one output all three are that net's.
///
///   accuracy      a share of 1, on the images of evolution-test
///   loss          mean cross-entropy there
///   power         of inference: watts as a meter read them, or without one modelled J per image
///   joules        J per image: from the meter's readings, or without one modelled
///   macs          of an image, all; macs_executed: those that zeros did not save
///   parameters
///   latency       s per image, on the clock
std::vector<std::string> fitness_metrics();

/// Refuses a fitness that the power of a study has another unit for than a term's weight is for.
/// `watts`: a meter tells watts; else power is modelled joules per image.
///
/// Errors    ArgumentError that names the term, both units and what to do.
void check_power_units(const Fitness& fitness, bool watts);

/// Numerics  double.
/// Errors    ArgumentError that names the term: the values have no such number (and why, if it is
///           unavailable), or it is in another unit than the weight is for; a metric that is to be
///           small is not positive; the fitness is not finite.
double fitness_of(const Fitness& fitness, const std::vector<Value>& values);

/// The available value of that name.
///
/// Errors    ArgumentError: there is none, and why.
const Value& metric_of(const std::vector<Value>& values, std::string_view metric);

}  // namespace joule::study
