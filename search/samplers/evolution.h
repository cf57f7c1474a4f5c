// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/search/front/objectives.h"
#include "joule/search/sampler.h"

// What evolutionary samplers share: how points are drawn, crossed and mutated.
namespace joule::search {

/// The draws of one trial, in sequence: a pure function of seed, trial and `part`.
class Draws {
 public:
  Draws(std::uint64_t seed, std::int64_t trial, std::uint32_t part = 0)
      : seed_(seed), trial_(static_cast<std::uint64_t>(trial)), part_(part) {}

  /// Uniform in [0, 1).
  double unit();
  /// Uniform in 0, ..., count - 1.
  std::size_t below(std::size_t count);
  bool chance(double probability) { return unit() < probability; }

 private:
  std::uint64_t seed_, trial_;
  std::uint32_t part_, next_ = 0;
};

/// One value per dimension of a space, active or not; an empty one is drawn if it becomes active.
using Genes = std::vector<std::optional<PointValue>>;

Genes genes_of(const Space& space, const Point& point);
/// The point with the genes of the active dimensions.
Point point_of(const Space& space, const Genes& genes, Draws& draws);
/// A uniformly random point.
Point random_point(const Space& space, Draws& draws);

/// Another value of a dimension that is not constant():
///   categorical, or an integer of two values  one of the others, each equally likely
///   other integers, reals                     polynomial mutation with index 20 of the u of
///                                             value_of_unit(); an integer that it does not change
///                                             moves to a neighbour
/// Source    Deb and Agrawal 1999, "A Niched-Penalty Approach for Constraint Handling".
PointValue changed_value(const Dimension& dimension, const PointValue& value, Draws& draws);

/// Crosses each dimension with probability 1/2: swaps a categorical or an integer of two values;
/// for the others, simulated binary crossover with index 20 of the u of value_of_unit().
///
/// Source    Deb and Agrawal 1995, "Simulated Binary Crossover for Continuous Search Space".
std::array<Genes, 2> crossed(const Space& space, const Genes& a, const Genes& b, Draws& draws);

/// The observations of trials with a number in [from, below), oldest first.  Their points are not
/// checked; use checked_point() for those that are used.
///
/// Errors    ArgumentError that names the trial, if it has no finite number for a direction.
std::vector<const Observation*> by_number(std::span<const Observation> observations,
                                          std::span<const Direction> directions, std::int64_t from,
                                          std::int64_t below);
/// The objectives of these observations.
Objectives objectives_of(std::span<const Direction> directions,
                         std::span<const Observation* const> observations);
/// The point of an observation that is used.
///
/// Errors    ArgumentError that names the trial, if its point is not of the space.
const Point& checked_point(const Space& space, const Observation& observation);

/// Per objective, the worst value plus a tenth of the objective's range; plus 1 if it has no
/// range.
std::vector<double> reference_behind_all(const Objectives& objectives);

/// The dimension whose choices or values, in order, are the rungs of a ladder of budgets.
///
/// Errors    ArgumentError (names the sampler) if the space has no such dimension, or it is real or
///           depends on another.
std::size_t ladder_of(std::string_view sampler, const Space& space, const std::string& name);

}  // namespace joule::search
