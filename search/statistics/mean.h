// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "joule/search/interval.h"

// Means of samples and their differences, with Student's intervals; for independent values whose
// mean is (nearly) normally distributed.
namespace joule::search {

/// The default confidence of an interval.
inline constexpr double kLevel = 0.95;

/// The mean of a sample, always with the number of runs.
struct Mean {
  std::size_t n = 0;
  double mean = 0;
  std::optional<double> deviation;   // sqrt(sum (x - mean)^2 / (n - 1)); empty for one value
  std::optional<Interval> interval;  // of the mean; empty for one value
  double level = kLevel;
};

/// mean -+ t(n - 1) deviation / sqrt(n), with t(v) the quantile (1 + level) / 2 of Student's
/// distribution with v degrees of freedom.
///
/// Errors    ArgumentError if there is no value, one is not finite, or level is not in (0, 1).
/// Source    Student 1908, "The Probable Error of a Mean".
Mean mean_interval(std::span<const double> sample, double level = kLevel);

/// mean(a) - mean(b).
struct Difference {
  std::size_t n_a = 0, n_b = 0;
  double difference = 0;
  std::optional<Interval> interval;  // empty if a sample (for pairs, the only one) has one value
  /// Degrees of freedom, statistic and two-sided p-value of "the means are equal".  Empty without
  /// an interval, and if nothing varies (the standard error is 0).
  std::optional<double> degrees, t, p;
  double level = kLevel;
};

/// For independent samples, whose variances may differ:
///   t = difference / e,   e^2 = u + v,   u = s_a^2 / n_a,   v = s_b^2 / n_b
///   degrees = e^4 / (u^2 / (n_a - 1) + v^2 / (n_b - 1))
///
/// Errors    as mean_interval().
/// Source    Welch 1947, "The Generalization of 'Student's' Problem when Several Different
///           Population Variances are Involved".
Difference difference_of_means(std::span<const double> a, std::span<const double> b,
                               double level = kLevel);

/// For pairs (the same seed, the same image): Student's interval of the differences a[i] - b[i],
/// with n - 1 degrees of freedom.
///
/// Errors    as mean_interval(); ArgumentError if a and b differ in size.
Difference paired_difference(std::span<const double> a, std::span<const double> b,
                             double level = kLevel);

}  // namespace joule::search
