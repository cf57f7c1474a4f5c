// SPDX-License-Identifier: MIT
#include "joule/evolution/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "joule/core/error.h"
#include "joule/search/front/front.h"

namespace joule::evolution {
namespace {

void check_contenders(std::span<const Contender> contenders) {
  require(!contenders.empty(), "selection: there is no individual");
  std::set<std::int64_t> ids;
  for (const Contender& each : contenders) {
    require(ids.insert(each.id).second, "selection: two individuals are number ", each.id);
    require(!std::isnan(each.fitness), "selection: the fitness of individual ", each.id,
            " is no number");
  }
}

/// The first of the fittest for which `counts` holds; null if it holds for none.
template <class Counts>
const Contender* best_of(std::span<const Contender> contenders, const Counts& counts) {
  const Contender* best = nullptr;
  for (const Contender& each : contenders) {
    if (counts(each) && (!best || each.fitness > best->fitness)) best = &each;
  }
  return best;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<std::size_t> all_of(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

/// `epsilons` has one per objective.
std::size_t lexicase_within(const search::Objectives& objectives,
                            const std::vector<double>& epsilons, Draws& draws) {
  require(objectives.size() > 0, "lexicase: there is no individual");
  std::vector<std::size_t> left = all_of(objectives.size());
  std::vector<std::size_t> order = all_of(objectives.directions().size());
  for (std::size_t i = 0; i < order.size() && left.size() > 1; ++i) {
    std::swap(order[i], order[i + draws.below(order.size() - i)]);
    const std::size_t objective = order[i];
    double best = std::numeric_limits<double>::infinity();
    for (const std::size_t point : left) best = std::min(best, objectives.cost(point)[objective]);
    const double most = best + epsilons[objective];
    std::erase_if(left,
                  [&](std::size_t point) { return objectives.cost(point)[objective] > most; });
  }
  return left[draws.below(left.size())];
}

/// Of each point the rank, and the crowding distance within it.
struct Standing {
  std::vector<std::int64_t> ranks;
  std::vector<double> distances;
};

Standing standing(const search::Objectives& objectives) {
  Standing all{search::ranks(objectives), std::vector<double>(objectives.size())};
  const auto last = all.ranks.empty() ? -1 : *std::ranges::max_element(all.ranks);
  for (std::int64_t rank = 0; rank <= last; ++rank) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < all.ranks.size(); ++i) {
      if (all.ranks[i] == rank) members.push_back(i);
    }
    const std::vector<double> distances = search::crowding_distances(objectives, members);
    for (std::size_t i = 0; i < members.size(); ++i) all.distances[members[i]] = distances[i];
  }
  return all;
}

}  // namespace

Choice fittest(std::span<const Contender> contenders) {
  check_contenders(contenders);
  const Contender& best = *best_of(contenders, [](const Contender&) { return true; });
  const auto least = std::ranges::min_element(contenders, {}, &Contender::slots)->slots;
  Choice choice{.winner = best.id};
  if (best.slots == least) return choice;
  const auto rematch = [&](const Contender* other) {
    if (other) choice.rematches.push_back({other->id, best.slots});
  };
  rematch(best_of(contenders, [&](const Contender& each) {
    return each.parent && each.slots > least && each.slots < best.slots;
  }));
  rematch(best_of(contenders, [&](const Contender& each) { return each.slots == least; }));
  return choice;
}

std::int64_t after_rematches(const Choice& choice, std::span<const Contender> contenders) {
  check_contenders(contenders);
  const auto find = [&](std::int64_t id) -> const Contender& {
    const auto found = std::ranges::find(contenders, id, &Contender::id);
    require(found != contenders.end(), "selection: there is no individual ", id);
    return *found;
  };
  const Contender* best = &find(choice.winner);
  for (const Retraining& each : choice.rematches) {
    const Contender& other = find(each.id);
    if (other.fitness > best->fitness) best = &other;
  }
  return best->id;
}

double median_absolute_deviation(std::vector<double> values) {
  require(!values.empty(), "median absolute deviation: there is no value");
  const double middle = median(values);
  for (double& value : values) value = std::abs(value - middle);
  return median(std::move(values));
}

std::size_t lexicase(const search::Objectives& objectives, Draws& draws) {
  return lexicase_within(objectives, std::vector<double>(objectives.directions().size()), draws);
}

std::size_t epsilon_lexicase(const search::Objectives& objectives, Draws& draws) {
  require(objectives.size() > 0, "lexicase: there is no individual");
  std::vector<double> epsilons;
  for (std::size_t k = 0; k < objectives.directions().size(); ++k) {
    std::vector<double> values;
    for (std::size_t i = 0; i < objectives.size(); ++i) values.push_back(objectives.cost(i)[k]);
    epsilons.push_back(median_absolute_deviation(std::move(values)));
  }
  return lexicase_within(objectives, epsilons, draws);
}

std::vector<std::size_t> survivors(const search::Objectives& objectives, std::size_t count) {
  require(count <= objectives.size(), "survivors: expected at least ", count, " individuals, got ",
          objectives.size());
  const Standing all = standing(objectives);
  std::vector<std::size_t> order = all_of(objectives.size());
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return all.ranks[i]; });
  if (count == 0 || count == order.size()) {
    order.resize(count);
    return order;
  }
  // The rank of which only some fit: by distance.
  const std::int64_t cut = all.ranks[order[count - 1]];
  const auto begin = std::ranges::find(order, cut, [&](std::size_t i) { return all.ranks[i]; });
  const auto end =
      std::find_if(begin, order.end(), [&](std::size_t i) { return all.ranks[i] != cut; });
  if (end - order.begin() > static_cast<std::ptrdiff_t>(count)) {
    std::stable_sort(begin, end, [&](std::size_t a, std::size_t b) {
      return all.distances[a] > all.distances[b];
    });
  }
  order.resize(count);
  return order;
}

std::vector<std::size_t> tournaments(const search::Objectives& objectives, std::size_t count,
                                     Draws& draws) {
  require(objectives.size() > 0, "tournament: there is no individual");
  const Standing all = standing(objectives);
  std::vector<std::size_t> parents;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t a = draws.below(objectives.size()), b = draws.below(objectives.size());
    const bool better = all.ranks[b] < all.ranks[a] ||
                        (all.ranks[b] == all.ranks[a] && all.distances[b] > all.distances[a]);
    parents.push_back(better ? b : a);
  }
  return parents;
}

}  // namespace joule::evolution
