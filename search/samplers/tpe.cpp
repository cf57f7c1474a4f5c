// SPDX-License-Identifier: MIT
//
// The tree-structured Parzen estimator (sampler.h).
#include "joule/search/samplers/tpe.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/draw.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"
#include "joule/search/samplers/parzen.h"
#include "joule/search/samplers/samplers.h"
#include "joule/search/unit.h"

namespace joule::search {
namespace {

constexpr std::size_t kInitialTrials = 10;  // at random
constexpr std::size_t kMostPromising = 25;  // with one objective
constexpr std::uint32_t kCandidates = 24;

std::vector<std::size_t> best(const Objectives& objectives, std::size_t count) {
  std::vector<std::size_t> order(objectives.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return objectives.cost(i)[0]; });
  order.resize(count);
  return order;
}

/// A tenth worse than the worst of these points in each objective.
std::vector<double> reference_of(const Objectives& objectives,
                                 const std::vector<std::size_t>& points) {
  std::vector<double> reference;
  for (std::size_t j = 0; j < objectives.directions().size(); ++j) {
    double worst = -std::numeric_limits<double>::infinity();
    for (const std::size_t point : points) worst = std::max(worst, objectives.cost(point)[j]);
    double cost = std::max(1.1 * worst, 0.9 * worst);
    constexpr double kAboveZero = 1e-12;
    if (cost == 0) cost = kAboveZero;
    reference.push_back(objectives.directions()[j] == Direction::minimise ? cost : -cost);
  }
  return reference;
}

std::vector<std::size_t> best_ranked(const Objectives& objectives, std::size_t count) {
  const std::vector<std::int64_t> ranks = search::ranks(objectives);
  std::vector<std::size_t> members, rank;
  for (std::int64_t at = 0; members.size() < count; ++at) {
    rank.clear();
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] == at) rank.push_back(i);
    }
    if (rank.size() > count - members.size()) {
      rank =
          largest_subset(objectives, rank, count - members.size(), reference_of(objectives, rank));
    }
    members.insert(members.end(), rank.begin(), rank.end());
  }
  return members;
}

/// A tenth, rounded up.
std::size_t promising_count(std::size_t points, std::size_t objectives) {
  const std::size_t tenth = (points + 9) / 10;
  return objectives == 1 ? std::min(tenth, kMostPromising) : tenth;
}

std::vector<std::size_t> best_of(const Objectives& objectives, std::size_t count) {
  std::vector<std::size_t> members = objectives.directions().size() == 1
                                         ? best(objectives, count)
                                         : best_ranked(objectives, count);
  std::ranges::sort(members);
  return members;
}

/// By how much each point breaks the limits, in units of the objectives' extents; 0 if it is
/// feasible.
std::vector<double> violations_of(const Objectives& objectives, const Goals& goals) {
  std::vector<double> sums(objectives.size(), 0);
  for (std::size_t k = 0; k < goals.limits.size(); ++k) {
    const std::size_t j = goals.constraints[k];
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      low = std::min(low, objectives.cost(i)[j]);
      high = std::max(high, objectives.cost(i)[j]);
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const double beyond = objectives.cost(i)[j] - goals.limits[k];
      if (beyond > 0) sums[i] += high > low ? beyond / (high - low) : 1;
    }
  }
  return sums;
}

/// Of those points the objectives that are optimised.
Objectives optimised_of(const Objectives& objectives, const Goals& goals,
                        const std::vector<std::size_t>& points) {
  std::vector<Direction> directions;
  for (const std::size_t j : goals.optimised) directions.push_back(goals.directions[j]);
  std::vector<std::vector<double>> values;
  for (const std::size_t i : points) {
    std::vector<double>& row = values.emplace_back();
    for (const std::size_t j : goals.optimised) row.push_back(objectives[i][j]);
  }
  return {std::move(directions), std::move(values)};
}

/// The points of some observations that have all of these dimensions.
std::vector<const Point*> points_with(const std::vector<const Dimension*>& dimensions,
                                      const std::vector<const Observation*>& observations) {
  std::vector<const Point*> points;
  for (const Observation* const observation : observations) {
    const auto has = [&](const Dimension* d) { return observation->point.contains(d->name); };
    if (std::ranges::all_of(dimensions, has)) points.push_back(&observation->point);
  }
  return points;
}

class TpeSampler final : public Sampler {
 public:
  explicit TpeSampler(const SamplerSettings& settings)
      : goals_("tpe", settings), random_(make_random_sampler(settings)) {}

  std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    check_trial_number(trial_number);
    if (observations.size() < kInitialTrials) {
      return random_->ask(space, observations, trial_number, seed);
    }
    const Split split = split_of(space, observations);
    const auto counter = static_cast<std::uint64_t>(trial_number);
    // What stands in every point, together; with several objectives each dimension by itself.
    std::vector<std::size_t> joint;
    for (std::size_t i = 0; i < space.size(); ++i) {
      const Dimension& d = space.dimensions()[i];
      if (goals_.optimised.size() == 1 && !d.active_if && !constant(d)) joint.push_back(i);
    }
    Point proposed;
    if (!joint.empty()) propose(proposed, space, split, joint, counter, seed);
    Point point;  // in the order of the space
    for (std::size_t i = 0; i < space.size(); ++i) {
      const Dimension& d = space.dimensions()[i];
      if (!space.active(d, point)) continue;
      if (constant(d)) {
        point.set(d.name, value_of_unit(d, 0));
      } else if (const PointValue* const value = proposed.find(d.name)) {
        point.set(d.name, *value);
      } else {
        propose(point, space, split, {i}, counter, seed);
      }
    }
    return point;
  }

 private:
  struct Split {
    std::vector<Observation> all;                       // from the oldest on
    std::vector<const Observation*> promising, others;  // of these
  };

  Split split_of(const Space& space, std::span<const Observation> observations) const {
    Split split{.all = checked(space, observations)};
    const std::vector<std::size_t> chosen =
        promising(objectives_of(goals_.directions, split.all), goals_);
    for (std::size_t i = 0; i < split.all.size(); ++i) {
      const bool good = std::ranges::binary_search(chosen, i);
      (good ? split.promising : split.others).push_back(&split.all[i]);
    }
    return split;
  }

  /// Sets these dimensions to those of the candidates, drawn as the promising points lie, whose
  /// density among the promising is the highest beside that among the others.
  void propose(Point& point, const Space& space, const Split& split,
               const std::vector<std::size_t>& members, std::uint64_t counter,
               std::uint64_t seed) const {
    std::vector<const Dimension*> dimensions;
    for (const std::size_t i : members) dimensions.push_back(&space.dimensions()[i]);
    const bool ageing = goals_.optimised.size() == 1;
    const ParzenEstimator good(dimensions, points_with(dimensions, split.promising), ageing);
    const ParzenEstimator rest(dimensions, points_with(dimensions, split.others), true);
    const auto drawn = [&](std::size_t dimension, std::uint32_t part) {
      const auto words = philox(seed, counter, stream(Drawer::tpe, dimension, part));
      return unit(words[0], words[1]);
    };
    double highest = -std::numeric_limits<double>::infinity();
    std::vector<PointValue> best;
    for (std::uint32_t candidate = 0; candidate < kCandidates; ++candidate) {
      std::vector<PointValue> values =
          good.sample(drawn(members[0], 2 * candidate + 1),
                      [&](std::size_t i) { return drawn(members[i], 2 * candidate); });
      const double score = good.log_density(values) - rest.log_density(values);
      if (score > highest) {
        highest = score;
        best = std::move(values);
      }
    }
    for (std::size_t i = 0; i < members.size(); ++i) point.set(dimensions[i]->name, best[i]);
  }

  Goals goals_;
  std::unique_ptr<Sampler> random_;
};

}  // namespace

std::vector<std::size_t> promising(const Objectives& objectives) {
  return best_of(objectives, promising_count(objectives.size(), objectives.directions().size()));
}

std::vector<std::size_t> promising(const Objectives& objectives, const Goals& goals) {
  const std::vector<double> violations = violations_of(objectives, goals);
  std::vector<std::size_t> feasible, others;
  for (std::size_t i = 0; i < objectives.size(); ++i) {
    (violations[i] == 0 ? feasible : others).push_back(i);
  }
  const std::size_t count = promising_count(objectives.size(), goals.optimised.size());
  std::vector<std::size_t> members = feasible;
  if (feasible.size() > count) {
    members.clear();
    for (const std::size_t i : best_of(optimised_of(objectives, goals, feasible), count)) {
      members.push_back(feasible[i]);
    }
  } else {
    std::ranges::stable_sort(others, {}, [&](std::size_t i) { return violations[i]; });
    others.resize(count - feasible.size());
    members.insert(members.end(), others.begin(), others.end());
  }
  std::ranges::sort(members);
  return members;
}

std::unique_ptr<Sampler> make_tpe_sampler(const SamplerSettings& settings) {
  return std::make_unique<TpeSampler>(settings);
}

}  // namespace joule::search
