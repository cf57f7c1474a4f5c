// SPDX-License-Identifier: MIT
#include "joule/search/front/front.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "joule/core/error.h"

namespace joule::search {
namespace {

using Costs = std::span<const double>;

bool dominates(Costs a, Costs b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better |= a[i] < b[i];
  }
  return better;
}

/// All points, the best in the first objective first, then in the second, ...; then as they are.
std::vector<std::size_t> lexicographic(const Objectives& objectives) {
  std::vector<std::size_t> order(objectives.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::ranges::lexicographical_compare(objectives.cost(a), objectives.cost(b));
  });
  return order;
}

bool equal(const Objectives& objectives, std::size_t a, std::size_t b) {
  return std::ranges::equal(objectives.cost(a), objectives.cost(b));
}

/// A front of two objectives on which the best of each is 0 and the worst 1; empty below three
/// points.
struct ScaledFront {
  std::vector<std::size_t> members;
  std::vector<std::array<double, 2>> at;
};

ScaledFront scaled_front(const Objectives& objectives, const char* who) {
  require(objectives.directions().size() == 2, who, ": expected two objectives, got ",
          objectives.directions().size());
  ScaledFront scaled{.members = front(objectives), .at = {}};
  if (scaled.members.size() < 3) return {};
  const Costs first = objectives.cost(scaled.members.front());
  const Costs last = objectives.cost(scaled.members.back());
  for (const std::size_t point : scaled.members) {
    const Costs cost = objectives.cost(point);
    scaled.at.push_back(
        {(cost[0] - first[0]) / (last[0] - first[0]), (cost[1] - last[1]) / (first[1] - last[1])});
  }
  return scaled;
}

}  // namespace

bool dominates(const Objectives& objectives, std::size_t a, std::size_t b) {
  return dominates(objectives.cost(a), objectives.cost(b));
}

std::vector<std::int64_t> ranks(const Objectives& objectives) {
  std::vector<std::int64_t> ranks(objectives.size());
  std::vector<std::vector<std::size_t>> fronts;
  // In this order no point dominates an earlier one.
  for (const std::size_t point : lexicographic(objectives)) {
    const auto is_dominated_in = [&](const std::vector<std::size_t>& front) {
      // From the last, which is the nearest in the first objective.
      return std::any_of(front.rbegin(), front.rend(),
                         [&](std::size_t other) { return dominates(objectives, other, point); });
    };
    // Whoever is dominated in a front is so in each before it.
    const auto found = std::ranges::partition_point(fronts, is_dominated_in);
    ranks[point] = found - fronts.begin();
    if (found == fronts.end()) {
      fronts.push_back({point});
    } else {
      found->push_back(point);
    }
  }
  return ranks;
}

std::vector<std::size_t> front(const Objectives& objectives) {
  std::vector<std::size_t> members;
  for (const std::size_t point : lexicographic(objectives)) {
    const auto excludes = [&](std::size_t other) {
      return dominates(objectives, other, point) || equal(objectives, other, point);
    };
    if (std::none_of(members.rbegin(), members.rend(), excludes)) members.push_back(point);
  }
  return members;
}

std::vector<double> crowding_distances(const Objectives& objectives,
                                       std::span<const std::size_t> members) {
  std::vector<double> distances(members.size(), 0);
  std::vector<std::size_t> order(members.size());
  for (std::size_t j = 0; !members.empty() && j < objectives.directions().size(); ++j) {
    const auto cost = [&](std::size_t at) { return objectives.cost(members[at])[j]; };
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, cost);
    const double extent = cost(order.back()) - cost(order.front());
    if (extent == 0) continue;
    distances[order.front()] = distances[order.back()] = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i + 1 < order.size(); ++i) {
      distances[order[i]] += (cost(order[i + 1]) - cost(order[i - 1])) / extent;
    }
  }
  return distances;
}

std::vector<std::size_t> extrema(const Objectives& objectives) {
  require(objectives.size() > 0, "extrema: there is no point");
  std::vector<std::size_t> best;
  for (std::size_t j = 0; j < objectives.directions().size(); ++j) {
    std::size_t at = 0;
    for (std::size_t i = 1; i < objectives.size(); ++i) {
      const Costs cost = objectives.cost(i), least = objectives.cost(at);
      if (cost[j] < least[j] ||
          (cost[j] == least[j] && std::ranges::lexicographical_compare(cost, least))) {
        at = i;
      }
    }
    best.push_back(at);
  }
  return best;
}

std::optional<Knee> knee(const Objectives& objectives) {
  const ScaledFront front = scaled_front(objectives, "knee");
  constexpr double kRounding = 1e-12;
  Knee best{.distance = kRounding};
  for (std::size_t i = 0; i < front.members.size(); ++i) {
    const auto [x, y] = front.at[i];
    const double distance = (1 - x - y) / std::numbers::sqrt2;
    if (distance > best.distance) best = {front.members[i], distance};
  }
  if (best.distance == kRounding) return std::nullopt;
  return best;
}

std::optional<Bend> largest_bend(const Objectives& objectives) {
  const ScaledFront front = scaled_front(objectives, "largest_bend");
  constexpr double kRounding = 1e-9;
  Bend best{.angle = kRounding};
  const auto slope = [&](std::size_t i) {  // from a point to the next one
    const auto [x, y] = front.at[i];
    const auto [x_after, y_after] = front.at[i + 1];
    return std::atan2(y - y_after, x_after - x);
  };
  for (std::size_t i = 1; i + 1 < front.members.size(); ++i) {
    const double angle = (slope(i - 1) - slope(i)) * 180 / std::numbers::pi;
    if (angle > best.angle) best = {front.members[i], angle};
  }
  if (best.angle == kRounding) return std::nullopt;
  return best;
}

std::vector<std::pair<std::size_t, std::size_t>> unseparated(
    const Objectives& objectives, std::span<const std::size_t> members,
    std::span<const std::vector<std::optional<Interval>>> intervals) {
  const std::size_t dimensions = objectives.directions().size();
  require(intervals.size() == objectives.size(), "unseparated: ", objectives.size(),
          " points, but intervals of ", intervals.size());
  for (const std::size_t point : members) {
    require(intervals[point].size() == dimensions, objectives.name(point), ": expected ",
            dimensions, " intervals, got ", intervals[point].size());
    for (const std::optional<Interval>& interval : intervals[point]) {
      require(!interval || interval->low <= interval->high, objectives.name(point),
              ": expected an interval with low <= high, got ", interval ? interval->low : 0,
              " and ", interval ? interval->high : 0);
    }
  }
  // Whether all that a may be is better than all that b may be, in some objective.
  const auto surely_better = [&](std::size_t a, std::size_t b) {
    for (std::size_t j = 0; j < dimensions; ++j) {
      const std::optional<Interval>&x = intervals[a][j], &y = intervals[b][j];
      if (!x || !y) continue;
      const bool minimise = objectives.directions()[j] == Direction::minimise;
      if (minimise ? x->high < y->low : x->low > y->high) return true;
    }
    return false;
  };
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (std::size_t k = i + 1; k < members.size(); ++k) {
      const std::size_t a = members[i], b = members[k];
      if (!surely_better(a, b) || !surely_better(b, a)) pairs.emplace_back(a, b);
    }
  }
  return pairs;
}

}  // namespace joule::search
