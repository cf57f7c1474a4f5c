// SPDX-License-Identifier: MIT
#include "joule/search/statistics/mean.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <iterator>
#include <vector>

#include "joule/core/error.h"
#include "joule/search/statistics/sample.h"

namespace joule::search {
namespace {

using boost::math::students_t;

/// center -+ t(degrees) error.
Interval student_interval(double center, double error, double degrees, double level) {
  const double t = quantile(complement(students_t(degrees), (1 - level) / 2));
  return {center - t * error, center + t * error};
}

/// Fills in what follows of the standard error.
void set_test(Difference& d, double error, double degrees) {
  d.interval = error > 0 ? student_interval(d.difference, error, degrees, d.level)
                         : Interval{d.difference, d.difference};
  if (error == 0) return;
  d.degrees = degrees;
  d.t = d.difference / error;
  d.p = 2 * cdf(complement(students_t(degrees), std::abs(*d.t)));
}

/// The square of the mean's standard error.
double error_squared(std::span<const double> sample, double mean) {
  const auto n = static_cast<double>(sample.size());
  return squares_about(sample, mean) / (n - 1) / n;
}

}  // namespace

Mean mean_interval(std::span<const double> sample, double level) {
  check_sample("mean", sample);
  check_level("mean", level);
  Mean m{.n = sample.size(), .mean = mean_of(sample), .level = level};
  if (m.n == 1) return m;
  const auto n = static_cast<double>(m.n);
  m.deviation = std::sqrt(squares_about(sample, m.mean) / (n - 1));
  m.interval = student_interval(m.mean, *m.deviation / std::sqrt(n), n - 1, level);
  return m;
}

Difference difference_of_means(std::span<const double> a, std::span<const double> b, double level) {
  check_sample("difference_of_means: a", a);
  check_sample("difference_of_means: b", b);
  check_level("difference_of_means", level);
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  Difference d{.n_a = a.size(), .n_b = b.size(), .difference = mean_a - mean_b, .level = level};
  if (a.size() == 1 || b.size() == 1) return d;
  const double u = error_squared(a, mean_a), v = error_squared(b, mean_b);
  const double degrees =
      (u + v) * (u + v) /
      (u * u / static_cast<double>(a.size() - 1) + v * v / static_cast<double>(b.size() - 1));
  set_test(d, std::sqrt(u + v), degrees);
  return d;
}

Difference paired_difference(std::span<const double> a, std::span<const double> b, double level) {
  check_sample("paired_difference: a", a);
  check_sample("paired_difference: b", b);
  check_level("paired_difference", level);
  require(a.size() == b.size(), "paired_difference: ", a.size(), " values in a, ", b.size(),
          " in b");
  std::vector<double> differences;
  std::ranges::transform(a, b, std::back_inserter(differences), std::minus());
  const double mean = mean_of(differences);
  Difference d{.n_a = a.size(), .n_b = b.size(), .difference = mean, .level = level};
  if (a.size() == 1) return d;
  set_test(d, std::sqrt(error_squared(differences, mean)), static_cast<double>(a.size() - 1));
  return d;
}

}  // namespace joule::search
