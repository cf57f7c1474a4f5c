// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace joule::bench {

/// What repeated measurements of one thing came to.
struct Spread {
  double median = 0;
  double lower = 0, upper = 0;  // quartiles
  double least = 0, most = 0;
  std::int64_t count = 0;

  friend bool operator==(const Spread&, const Spread&) = default;
};

/// The q-quantile of `values` lies at position q (n - 1) of the sorted values, between two of them
/// on the straight line.
///
/// Errors    ArgumentError if there are no values, or one is not finite.
/// Source    Hyndman and Fan 1996, Sample Quantiles in Statistical Packages, definition 7.
Spread spread(std::vector<double> values);

/// Each of `values` divided by the one of `by` that was measured in the same round.
///
/// Errors    ArgumentError if they are not equally many.
std::vector<double> ratios(const std::vector<double>& values, const std::vector<double>& by);

/// How long something takes at a density, relative to what it is compared with.
struct RelativeTime {
  double density = 0;
  double ratio = 0;  // below 1: faster
};

/// Up to which density something is faster than what it is compared with.
struct Crossover {
  enum class Kind {
    at_density,  // at all measured densities below `density`
    always,      // at every density that was measured
    never        // not even at the lowest one
  };
  Kind kind = Kind::never;
  std::optional<double> density{};  // only of at_density

  friend bool operator==(const Crossover&, const Crossover&) = default;
};

/// Goes from the lowest density up to the first at which the ratio is not below 1.  Between that
/// one and the one before, the ratio is taken as linear in the density: the time of a kernel that
/// skips zeros is a constant and a share of the density, and the dense one's does not depend on it.
///
/// Errors    ArgumentError if there are no points, or two have the same density.
Crossover crossover(std::vector<RelativeTime> points);

}  // namespace joule::bench
