// SPDX-License-Identifier: MIT
#include "joule/search/samplers/parzen.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <numeric>

#include "joule/search/unit.h"

namespace joule::search {
namespace {

constexpr std::size_t kRecent = 25;  // points of full weight
constexpr double kNarrowest = 100;   // a hundredth of the range

/// The probability between a and b; on the right side by the complement, which keeps its digits.
double normal_mass(double a, double b) {
  const double r = std::numbers::sqrt2;
  return a > 0 ? (std::erfc(a / r) - std::erfc(b / r)) / 2
               : (std::erfc(-b / r) - std::erfc(-a / r)) / 2;
}

/// Without the prior's.
std::vector<double> widths_of(const std::vector<double>& centers) {
  const std::size_t n = centers.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return centers[i]; });
  std::vector<double> widths(n);
  const double narrowest = 1 / std::min(kNarrowest, static_cast<double>(n) + 2);
  for (std::size_t i = 0; i < n; ++i) {
    const double here = centers[order[i]];
    double before = i > 0 ? here - centers[order[i - 1]] : here;
    double after = i + 1 < n ? centers[order[i + 1]] - here : 1 - here;
    if (n > 1 && i == 0) before = 0;
    if (n > 1 && i + 1 == n) after = 0;
    widths[order[i]] = std::clamp(std::max(before, after), narrowest, 1.0);
  }
  return widths;
}

/// The components' weights, the prior's last.
std::vector<double> weights_of(std::size_t n, bool ageing) {
  std::vector<double> weights(n + 1, 1);
  if (ageing && n >= kRecent) {
    const std::size_t old = n - kRecent;
    const double first = 1 / static_cast<double>(n);
    for (std::size_t i = 0; i < old; ++i) {
      weights[i] =
          old == 1 ? first
                   : std::lerp(first, 1.0, static_cast<double>(i) / static_cast<double>(old - 1));
    }
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// The first index at which the sum of the weights is above u.
template <class Weight>
std::size_t chosen(std::size_t count, double u, const Weight& weight) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    sum += weight(i);
    if (u < sum) return i;
  }
  return count - 1;
}

}  // namespace

ParzenEstimator::ParzenEstimator(std::vector<const Dimension*> dimensions,
                                 std::span<const Point* const> points, bool ageing)
    : dimensions_(std::move(dimensions)), weights_(weights_of(points.size(), ageing)) {
  for (const Dimension* const d : dimensions_) factors_.push_back(factors_of(*d, points));
}

ParzenEstimator::Factors ParzenEstimator::factors_of(const Dimension& d,
                                                     std::span<const Point* const> points) const {
  Factors factors;
  for (const Point* const point : points) {
    const PointValue& value = (*point)[d.name];
    if (d.kind == Kind::categorical) {
      factors.choices.push_back(choice_of(d, value));
    } else {
      factors.centers.push_back(unit_cell(d, value).center);
    }
  }
  if (d.kind == Kind::categorical) {
    const double prior = 1 / static_cast<double>(weights_.size());
    const double sum = 1 + static_cast<double>(d.choices.size()) * prior;
    factors.same = (1 + prior) / sum;
    factors.other = prior / sum;
    return factors;
  }
  factors.widths = widths_of(factors.centers);
  factors.centers.push_back(0.5);
  factors.widths.push_back(1);
  for (std::size_t i = 0; i < factors.centers.size(); ++i) {
    const double center = factors.centers[i], width = factors.widths[i];
    const double within = normal_mass(-center / width, (1 - center) / width);
    const double density = d.kind == Kind::real ? width * std::sqrt(2 * std::numbers::pi) : 1;
    factors.log_norms.push_back(std::log(within * density));
  }
  return factors;
}

double ParzenEstimator::choice_weight(std::size_t dimension, std::size_t component,
                                      std::size_t choice) const {
  const Factors& factors = factors_[dimension];
  if (component == factors.choices.size()) {  // the prior
    return 1 / static_cast<double>(dimensions_[dimension]->choices.size());
  }
  return factors.choices[component] == choice ? factors.same : factors.other;
}

PointValue ParzenEstimator::sample_of(std::size_t dimension, std::size_t component,
                                      double u) const {
  const Dimension& d = *dimensions_[dimension];
  if (d.kind == Kind::categorical) {
    return d.choices[chosen(d.choices.size(), u, [&](std::size_t choice) {
      return choice_weight(dimension, component, choice);
    })];
  }
  const double center = factors_[dimension].centers[component];
  const double width = factors_[dimension].widths[component];
  const boost::math::normal normal(center, width);
  const double below = cdf(normal, 0.0), above = cdf(normal, 1.0);
  // Beyond these limits the quantile is infinite.
  const double share = std::clamp(std::lerp(below, above, u), std::numeric_limits<double>::min(),
                                  1 - std::numeric_limits<double>::epsilon() / 2);
  // Whole multiples of 2^-40: libraries differ in the last bits of erfc() and its inverse.
  const double at = std::round(quantile(normal, share) * 0x1p40) * 0x1p-40;
  return value_of_unit(d, std::clamp(at, 0.0, 1.0));
}

std::vector<PointValue> ParzenEstimator::sample(
    double component, const std::function<double(std::size_t)>& draw) const {
  const std::size_t at =
      chosen(weights_.size(), component, [&](std::size_t i) { return weights_[i]; });
  std::vector<PointValue> values;
  for (std::size_t i = 0; i < dimensions_.size(); ++i) {
    values.push_back(sample_of(i, at, draw(i)));
  }
  return values;
}

void ParzenEstimator::add_log_factors(std::size_t dimension, const PointValue& value,
                                      std::vector<double>& logs) const {
  const Dimension& d = *dimensions_[dimension];
  const Factors& factors = factors_[dimension];
  if (d.kind == Kind::categorical) {
    const std::size_t choice = choice_of(d, value);
    const double same = std::log(factors.same), other = std::log(factors.other);
    for (std::size_t i = 0; i + 1 < logs.size(); ++i) {
      logs[i] += factors.choices[i] == choice ? same : other;
    }
    logs.back() -= std::log(static_cast<double>(d.choices.size()));
    return;
  }
  const UnitCell cell = unit_cell(d, value);
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double center = factors.centers[i], width = factors.widths[i];
    if (d.kind == Kind::integer) {
      logs[i] += std::log(normal_mass((cell.low - center) / width, (cell.high - center) / width));
    } else {
      const double z = (cell.center - center) / width;
      logs[i] -= z * z / 2;
    }
    logs[i] -= factors.log_norms[i];
  }
}

double ParzenEstimator::log_density(std::span<const PointValue> values) const {
  std::vector<double> logs;
  std::ranges::transform(weights_, std::back_inserter(logs), [](double w) { return std::log(w); });
  for (std::size_t i = 0; i < dimensions_.size(); ++i) add_log_factors(i, values[i], logs);
  // The logarithm of a sum of exponentials, the largest taken out: that of the prior is finite.
  const double largest = std::ranges::max(logs);
  double sum = 0;
  for (const double x : logs) sum += std::exp(x - largest);
  return largest + std::log(sum);
}

}  // namespace joule::search
