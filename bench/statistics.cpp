// SPDX-License-Identifier: MIT
#include "joule/bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "joule/core/error.h"
#include "joule/core/random.h"

namespace joule::bench {
namespace {

double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - std::floor(position)) * (sorted[above] - sorted[below]);
}

constexpr double kOutside = std::numeric_limits<double>::infinity();

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

/// Of median ratios by rising density: the density at which they first reach 1; kOutside if they do
/// not, -kOutside if none is below 1.
double first_crossing(const std::vector<RelativeTimes>& points, const std::vector<double>& ratios) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (ratios[i] < 1) continue;
    if (i == 0) return -kOutside;
    const double share = (1 - ratios[i - 1]) / (ratios[i] - ratios[i - 1]);
    return points[i - 1].density + share * (points[i].density - points[i - 1].density);
  }
  return kOutside;
}

CrossoverInterval bootstrap(const std::vector<RelativeTimes>& points) {
  constexpr std::size_t kDraws = 1000, kTail = 25;  // 2.5 % at either end
  Generator generator(1);
  std::vector<double> crossings, ratios(points.size()), draw;
  for (std::size_t n = 0; n < kDraws; ++n) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const std::vector<double>& of = points[i].ratios;
      draw.resize(of.size());
      for (double& value : draw) value = of[generator.below(of.size())];
      ratios[i] = median(draw);
    }
    crossings.push_back(first_crossing(points, ratios));
  }
  std::sort(crossings.begin(), crossings.end());
  const auto inside = [](double density) {
    return std::isfinite(density) ? std::optional(density) : std::nullopt;
  };
  return {inside(crossings[kTail]), inside(crossings[kDraws - 1 - kTail])};
}

void check(const std::vector<RelativeTimes>& sorted) {
  require(!sorted.empty(), "crossover: there are no points");
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const RelativeTimes& point = sorted[i];
    require(i == 0 || sorted[i - 1].density < point.density, "crossover: the density ",
            point.density, " occurs twice");
    require(!point.ratios.empty(), "crossover: the density ", point.density, " has no ratios");
    for (const double ratio : point.ratios) {
      require(std::isfinite(ratio), "crossover: expected finite ratios, got ", ratio);
    }
  }
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

Crossover crossover(std::vector<RelativeTimes> points) {
  std::sort(points.begin(), points.end(),
            [](const auto& a, const auto& b) { return a.density < b.density; });
  check(points);
  Crossover result;
  std::vector<double> ratios;
  std::size_t turns = 0;  // from faster to slower or back
  for (const RelativeTimes& point : points) {
    const double ratio = median(point.ratios);
    if (!ratios.empty()) turns += (ratio < 1) != (ratios.back() < 1);
    ratios.push_back(ratio);
    result.measured.insert(result.measured.begin(), point.density);
    if (ratio < 1) result.faster.insert(result.faster.begin(), point.density);
  }
  if (turns > 1 || (turns == 1 && ratios[0] >= 1)) {
    result.kind = Crossover::Kind::several;
    return result;
  }
  const double crossing = first_crossing(points, ratios);
  result.kind = std::isfinite(crossing) ? Crossover::Kind::at_density
                : crossing > 0          ? Crossover::Kind::always
                                        : Crossover::Kind::never;
  if (std::isfinite(crossing)) result.density = crossing;
  const bool enough = std::all_of(points.begin(), points.end(), [](const RelativeTimes& point) {
    return point.ratios.size() >= kLeastRounds;
  });
  if (enough) result.interval = bootstrap(points);
  return result;
}

}  // namespace joule::bench
