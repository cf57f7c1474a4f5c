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

/// How long something takes at a density, relative to what it is compared with, round by round.
struct RelativeTimes {
  double density = 0;
  std::vector<double> ratios;  // below 1: faster
};

/// Where a break-even lies, with the confidence that it was asked for.  An end that is missing is
/// outside of the densities that were measured.
struct CrossoverInterval {
  std::optional<double> lower{}, upper{};

  friend bool operator==(const CrossoverInterval&, const CrossoverInterval&) = default;
};

/// At which densities something is faster than what it is compared with: its median ratio is below
/// 1.  Nothing is said of densities outside of those that were measured.
struct Crossover {
  enum class Kind {
    at_density,  // at all measured densities below `density`, and at none above it
    always,      // at every density that was measured
    never,       // at none
    several      // faster and slower by turns: there is no one break-even
  };
  Kind kind = Kind::never;
  std::optional<double> density{};  // only of at_density
  /// 95 %; none if there are fewer than kLeastRounds rounds, or several break-evens.
  std::optional<CrossoverInterval> interval{};
  std::vector<double> measured{}, faster{};  // densities, falling

  friend bool operator==(const Crossover&, const Crossover&) = default;
};

/// With fewer values, not even their whole range covers the median with 95 %: 2^(1-5) is above 5 %.
inline constexpr std::size_t kLeastRounds = 6;

/// Between a density at which it is faster and the next one, at which it is not, the median ratio
/// is taken as linear in the density: the time of a kernel that skips zeros is a constant and a
/// share of the density, and the dense one's does not depend on it.
///
/// The interval is that of the percentile bootstrap: the rounds of each density are drawn anew,
/// with replacement, 1000 times, by a generator of a fixed seed.  A draw that is faster at every
/// measured density, or at none, puts its break-even outside of them; where the ratios of a draw
/// cross several times, its break-even is the first from below.
///
/// Errors    ArgumentError if there are no points, one has no ratios or one that is not finite, or
///           two have the same density.
/// Source    Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13; order
///           statistics of the median: David and Nagaraja 2003, Order Statistics, section 7.1.
Crossover crossover(std::vector<RelativeTimes> points);

}  // namespace joule::bench
