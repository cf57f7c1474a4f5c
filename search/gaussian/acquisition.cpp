// SPDX-License-Identifier: MIT
#include "joule/search/gaussian/acquisition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace joule::search {
namespace {

const double kLogSqrt2Pi = std::log(2 * std::numbers::pi) / 2;
constexpr double kFarTail =
    -25;  // below, the series are exact to 1e-9, and above, the formulas are

double density(double z) { return std::exp(-z * z / 2 - kLogSqrt2Pi); }
double below(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

/// z Phi(z) + phi(z)
double improvement(double z) {
  return z > kFarTail ? std::max(z * below(z) + density(z), 0.0) : 0.0;
}

double log_improvement(double z) {
  if (z > kFarTail) return std::log(improvement(z));
  const double w = 1 / (z * z);
  const double series = -3 + w * (15 + w * (-105 + w * 945));
  return -z * z / 2 - kLogSqrt2Pi - 2 * std::log(-z) + std::log1p(w * series);
}

}  // namespace

double log_normal_below(double z) {
  if (z > 0) return std::log1p(-below(-z));
  if (z > kFarTail) return std::log(below(z));
  const double w = 1 / (z * z);
  const double series = -1 + w * (3 + w * (-15 + w * 105));
  return -z * z / 2 - kLogSqrt2Pi - std::log(-z) + std::log1p(w * series);
}

double expected_improvement(double mean, double deviation, double best) {
  return deviation * improvement((best - mean) / deviation);
}

double log_expected_improvement(double mean, double deviation, double best) {
  return std::log(deviation) + log_improvement((best - mean) / deviation);
}

double log_probability_of_improvement(double mean, double deviation, double best) {
  return log_normal_below((best - mean) / deviation);
}

HypervolumeImprovement::HypervolumeImprovement(const std::vector<std::vector<double>>& front,
                                               std::vector<double> reference)
    : reference_(std::move(reference)) {
  const std::size_t m = reference_.size();
  for (std::size_t j = 0; j < m; ++j) {
    std::vector<double>& limits = limits_.emplace_back();
    limits.push_back(-std::numeric_limits<double>::infinity());
    for (const std::vector<double>& point : front)
      limits.push_back(std::min(point[j], reference_[j]));
    limits.push_back(reference_[j]);
    std::ranges::sort(limits);
    limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
  }
  // A cell of the grid of all objectives but the last, and in the last all that is not dominated:
  // what is below the lowest of the points that are nowhere worse than the cell.
  std::vector<std::size_t> cell(m - 1, 0);
  for (;;) {
    double high = reference_.back();
    for (const std::vector<double>& point : front) {
      bool covers = true;
      for (std::size_t j = 0; j + 1 < m; ++j) covers = covers && point[j] <= limits_[j][cell[j]];
      if (covers) high = std::min(high, point.back());
    }
    for (std::size_t j = 0; j + 1 < m; ++j) boxes_.push_back({cell[j], cell[j] + 1});
    const auto at = std::ranges::lower_bound(limits_.back(), high) - limits_.back().begin();
    boxes_.push_back({0, static_cast<std::size_t>(at)});
    std::size_t j = 0;
    while (j + 1 < m && ++cell[j] + 1 == limits_[j].size()) cell[j++] = 0;
    if (j + 1 >= m) return;
  }
}

double HypervolumeImprovement::expected(std::span<const double> means,
                                        std::span<const double> deviations) const {
  const std::size_t m = reference_.size();
  std::vector<std::vector<double>> improvements(m);  // up to each limit
  for (std::size_t j = 0; j < m; ++j) {
    for (const double limit : limits_[j]) {
      improvements[j].push_back(
          std::isfinite(limit) ? expected_improvement(means[j], deviations[j], limit) : 0);
    }
  }
  double sum = 0;
  for (std::size_t box = 0; box < boxes_.size(); box += m) {
    double product = 1;
    for (std::size_t j = 0; j < m; ++j) {
      const Side side = boxes_[box + j];
      product *= improvements[j][side.high] - improvements[j][side.low];
    }
    sum += product;
  }
  return sum;
}

}  // namespace joule::search
