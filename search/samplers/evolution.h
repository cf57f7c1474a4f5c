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

// What samplers that evolve a population share: how points are drawn, crossed and changed.
namespace joule::search {

/// The draws of one trial, one after another: a pure function of seed, trial and `part`.
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

/// A value per dimension of a space, whether it is active or not; none: to be drawn if it is.
using Genes = std::vector<std::optional<PointValue>>;

Genes genes_of(const Space& space, const Point& point);
/// The point that has the genes of the active dimensions.
Point point_of(const Space& space, const Genes& genes, Draws& draws);
/// Uniform.
Point random_point(const Space& space, Draws& draws);

/// Another value of a dimension that is not constant():
///   categorical, or an integer of two values  one of the others, each equally likely
///   other integers, reals                     polynomial mutation with index 20 of the u of
///                                             value_of_unit(); an integer that it leaves where it
///                                             was goes to a neighbour
/// Source    Deb and Agrawal 1999, "A Niched-Penalty Approach for Constraint Handling".
PointValue changed_value(const Dimension& dimension, const PointValue& value, Draws& draws);

/// Each dimension is crossed with probability 1/2: a categorical, or an integer of two values, is
/// swapped; of others the u of value_of_unit() undergo simulated binary crossover with index 20.
///
/// Source    Deb and Agrawal 1995, "Simulated Binary Crossover for Continuous Search Space".
std::array<Genes, 2> crossed(const Space& space, const Genes& a, const Genes& b, Draws& draws);

/// The observations of trials with a number in [from, below), from the oldest on.  Their points are
/// not checked: that is for those that are used.
///
/// Errors    ArgumentError that names the trial, if it has not a finite number per direction.
std::vector<const Observation*> by_number(std::span<const Observation> observations,
                                          std::span<const Direction> directions, std::int64_t from,
                                          std::int64_t below);
/// Objectives of those.
Objectives objectives_of(std::span<const Direction> directions,
                         std::span<const Observation* const> observations);
/// Of a used one.
///
/// Errors    ArgumentError that names the trial, if its point is not of the space.
const Point& checked_point(const Space& space, const Observation& observation);

/// The worst of each objective, and a tenth of the extent behind it; of an objective without
/// extent, 1 behind it.
std::vector<double> reference_behind_all(const Objectives& objectives);

/// The dimension whose choices or values, in their order, are the rungs of a ladder of budgets.
///
/// Errors    ArgumentError (the sampler) if the space has none of that name, or it is real or
///           depends on another.
std::size_t ladder_of(std::string_view sampler, const Space& space, const std::string& name);

}  // namespace joule::search
