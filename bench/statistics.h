// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace joule::bench {

/// The spread of repeated measurements.
struct Spread {
  double median = 0;
  double lower = 0, upper = 0;  // quartiles
  double least = 0, most = 0;
  std::int64_t count = 0;

  friend bool operator==(const Spread&, const Spread&) = default;
};

/// The q-quantile of `values` lies at position q (n - 1) of the sorted values, interpolated
/// linearly between two of them.
///
/// Errors    ArgumentError if there are no values, or one is not finite.
/// Source    Hyndman and Fan 1996, Sample Quantiles in Statistical Packages, definition 7.
Spread spread(std::vector<double> values);

/// Each of `values` divided by the one of `by` from the same round.
///
/// Errors    ArgumentError if they differ in number.
std::vector<double> ratios(const std::vector<double>& values, const std::vector<double>& by);

/// Times at a density, relative to a reference, round by round.
struct RelativeTimes {
  double density = 0;
  std::vector<double> ratios;  // below 1: faster
};

/// The confidence interval of a break-even.  A missing end lies outside of the measured
/// densities.
struct CrossoverInterval {
  std::optional<double> lower{}, upper{};

  friend bool operator==(const CrossoverInterval&, const CrossoverInterval&) = default;
};

/// At which densities something is faster than its reference: its median ratio is below 1.  Says
/// nothing about densities outside of the measured ones.
struct Crossover {
  enum class Kind {
    at_density,  // at all measured densities below `density`, and at none above
    always,      // at every density that was measured
    never,       // at none
    several      // alternately faster and slower: there is no single break-even
  };
  Kind kind = Kind::never;
  std::optional<double> density{};  // only of at_density
  /// 95 %; empty with fewer than kLeastRounds rounds, or several break-evens.
  std::optional<CrossoverInterval> interval{};
  std::vector<double> measured{}, faster{};  // densities, descending

  friend bool operator==(const Crossover&, const Crossover&) = default;
};

/// With fewer values, not even their whole range covers the median with 95 %: 2^(1-5) is above 5 %.
inline constexpr std::size_t kLeastRounds = 6;

/// Between a density at which it is faster and the next one, at which it is not, the median ratio
/// is interpolated linearly in the density: the time of a kernel that skips zeros is a constant
/// plus a term proportional to the density, and the dense kernel's time does not depend on it.
///
/// The interval is that of the percentile bootstrap: the rounds of each density are resampled with
/// replacement 1000 times, by a generator with a fixed seed.  If a resample is faster at every
/// measured density, or at none, its break-even lies outside of them; if its ratios cross several
/// times, its break-even is the lowest crossing.
///
/// Errors    ArgumentError if there are no points, one has no ratios or one that is not finite, or
///           two have the same density.
/// Source    Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13; order
///           statistics of the median: David and Nagaraja 2003, Order Statistics, section 7.1.
Crossover crossover(std::vector<RelativeTimes> points);

}  // namespace joule::bench
