// SPDX-License-Identifier: MIT
#include "bench/statistics.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace joule::bench {
namespace {

double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - std::floor(position)) * (sorted[above] - sorted[below]);
}

}  // namespace

Spread spread(std::vector<double> values) {
  require(!values.empty(), "spread: there are no values");
  for (const double value : values) {
    require(std::isfinite(value), "spread: expected finite values, got ", value);
  }
  std::sort(values.begin(), values.end());
  return {.median = quantile(values, 0.5),
          .lower = quantile(values, 0.25),
          .upper = quantile(values, 0.75),
          .least = values.front(),
          .most = values.back(),
          .count = static_cast<std::int64_t>(values.size())};
}

std::vector<double> ratios(const std::vector<double>& values, const std::vector<double>& by) {
  require(values.size() == by.size(), "ratios: ", values.size(), " values cannot be divided by ",
          by.size());
  std::vector<double> quotients(values.size());
  std::transform(values.begin(), values.end(), by.begin(), quotients.begin(), std::divides<>());
  return quotients;
}

Crossover crossover(std::vector<RelativeTime> points) {
  require(!points.empty(), "crossover: there are no points");
  std::sort(points.begin(), points.end(),
            [](const auto& a, const auto& b) { return a.density < b.density; });
  for (std::size_t i = 0; i < points.size(); ++i) {
    const RelativeTime& slower = points[i];
    require(i == 0 || points[i - 1].density < slower.density, "crossover: the density ",
            slower.density, " occurs twice");
    if (slower.ratio < 1) continue;
    if (i == 0) return {Crossover::Kind::never};
    const RelativeTime& faster = points[i - 1];
    const double share = (1 - faster.ratio) / (slower.ratio - faster.ratio);
    return {Crossover::Kind::at_density,
            faster.density + share * (slower.density - faster.density)};
  }
  return {Crossover::Kind::always};
}

}  // namespace joule::bench
