// SPDX-License-Identifier: MIT
//
// NSGA-II (sampler.h).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "joule/core/error.h"
#include "joule/search/front/front.h"
#include "joule/search/samplers/evolution.h"
#include "joule/search/samplers/sampler_options.h"
#include "joule/search/samplers/samplers.h"
#include "joule/search/unit.h"

namespace joule::search {
namespace {

/// A member of a population, with what selection goes by.
struct Nsga2Member {
  const Observation* observation = nullptr;
  std::int64_t rank = 0;
  double crowding = 0;
};

class Nsga2Sampler final : public Sampler {
 public:
  explicit Nsga2Sampler(const SamplerSettings& settings) : goals_("nsga2", settings) {
    const OptionReader options("nsga2", settings.options);
    population_ = options.count("population", 10, 2);
    crossover_ = options.number("crossover", 0.9, 0, 1);
    mutation_ = options.number("mutation", -1, 0, 1);
  }

  std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    check_trial_number(trial_number);
    const std::int64_t generation = trial_number / population_;
    const std::vector<Nsga2Member> parents = population_before(observations, generation);
    if (parents.empty()) {
      Draws draws(seed, trial_number);
      return random_point(space, draws);
    }
    // Two trials in a row are the children of one pair.
    const std::int64_t slot = trial_number % population_, pair = trial_number - slot % 2;
    Draws mating(seed, pair, 1);
    const Genes a = genes_of(space, checked_point(space, *winner(parents, mating).observation));
    const Genes b = genes_of(space, checked_point(space, *winner(parents, mating).observation));
    const std::array<Genes, 2> children =
        mating.chance(crossover_) ? crossed(space, a, b, mating) : std::array<Genes, 2>{a, b};
    Draws draws(seed, trial_number);
    return mutated(space, children[static_cast<std::size_t>(slot % 2)], draws);
  }

 private:
  /// The binary tournament: the lower rank, then the wider neighbourhood, then the first drawn.
  static const Nsga2Member& winner(const std::vector<Nsga2Member>& population, Draws& draws) {
    const Nsga2Member& a = population[draws.below(population.size())];
    const Nsga2Member& b = population[draws.below(population.size())];
    return before(b, a) ? b : a;
  }

  static bool before(const Nsga2Member& a, const Nsga2Member& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.crowding > b.crowding;
  }

  Point mutated(const Space& space, Genes genes, Draws& draws) const {
    const auto dimensions = space.dimensions();
    const auto varied = std::ranges::count_if(dimensions, std::not_fn(constant));
    const double probability =
        mutation_ >= 0 ? mutation_ : 1 / static_cast<double>(std::max<std::int64_t>(varied, 1));
    for (std::size_t i = 0; i < genes.size(); ++i) {
      if (constant(dimensions[i]) || !draws.chance(probability) || !genes[i]) continue;
      genes[i] = changed_value(dimensions[i], *genes[i], draws);
    }
    return point_of(space, genes, draws);
  }

  /// Generation by generation, the best of parents and children.
  std::vector<Nsga2Member> population_before(std::span<const Observation> observations,
                                             std::int64_t generation) const {
    const std::vector<const Observation*> seen =
        by_number(observations, goals_.directions, 0, generation * population_);
    std::vector<const Observation*> members;
    std::vector<Nsga2Member> population;
    for (std::size_t i = 0; i < seen.size();) {
      members.clear();
      for (const Nsga2Member& member : population) members.push_back(member.observation);
      const std::int64_t now = seen[i]->number / population_;
      while (i < seen.size() && seen[i]->number / population_ == now) members.push_back(seen[i++]);
      population = survivors(members);
    }
    return population;
  }

  std::vector<Nsga2Member> survivors(const std::vector<const Observation*>& members) const {
    std::vector<Nsga2Member> population;
    for (const std::vector<std::size_t>& front : fronts(members)) {
      if (std::ssize(population) >= population_) break;
      std::vector<const Observation*> of_front;
      for (const std::size_t i : front) of_front.push_back(members[i]);
      const Objectives objectives = optimised(of_front);
      std::vector<std::size_t> all(of_front.size());
      std::iota(all.begin(), all.end(), std::size_t{0});
      const std::vector<double> crowding = crowding_distances(objectives, all);
      const std::int64_t rank = population.empty() ? 0 : population.back().rank + 1;
      const auto first = std::ssize(population);
      for (const std::size_t i : all) population.push_back({of_front[i], rank, crowding[i]});
      std::stable_sort(population.begin() + first, population.end(), before);
    }
    if (std::ssize(population) > population_) {
      population.resize(static_cast<std::size_t>(population_));
    }
    return population;
  }

  Objectives optimised(const std::vector<const Observation*>& members) const {
    std::vector<Direction> directions;
    for (const std::size_t j : goals_.optimised) directions.push_back(goals_.directions[j]);
    std::vector<std::vector<double>> values;
    for (const Observation* const member : members) {
      std::vector<double>& row = values.emplace_back();
      for (const std::size_t j : goals_.optimised) row.push_back(member->objectives[j]);
    }
    return {std::move(directions), std::move(values)};
  }

  /// By how much the constraints are missed, together.
  double violation(const Observation& o) const {
    double sum = 0;
    for (std::size_t k = 0; k < goals_.constraints.size(); ++k) {
      const std::size_t j = goals_.constraints[k];
      const double value = o.objectives[j];
      const double cost = goals_.directions[j] == Direction::minimise ? value : -value;
      sum += std::max(0.0, cost - goals_.limits[k]);
    }
    return sum;
  }

  /// What is feasible by rank; behind it what is not, by how much.
  std::vector<std::vector<std::size_t>> fronts(
      const std::vector<const Observation*>& members) const {
    std::vector<std::size_t> feasible;
    std::vector<std::pair<double, std::size_t>> others;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const double missed = violation(*members[i]);
      if (missed > 0) {
        others.emplace_back(missed, i);
      } else {
        feasible.push_back(i);
      }
    }
    std::vector<std::vector<std::size_t>> all;
    std::vector<const Observation*> of_feasible;
    for (const std::size_t i : feasible) of_feasible.push_back(members[i]);
    const std::vector<std::int64_t> rank = ranks(optimised(of_feasible));
    for (std::size_t k = 0; k < feasible.size(); ++k) {
      const auto r = static_cast<std::size_t>(rank[k]);
      if (all.size() <= r) all.resize(r + 1);
      all[r].push_back(feasible[k]);
    }
    std::ranges::stable_sort(others, {}, &std::pair<double, std::size_t>::first);
    for (std::size_t k = 0; k < others.size(); ++k) {
      if (k == 0 || others[k].first != others[k - 1].first) all.emplace_back();
      all.back().push_back(others[k].second);
    }
    return all;
  }

  Goals goals_;
  std::int64_t population_ = 0;
  double crossover_ = 0, mutation_ = 0;
};

}  // namespace

std::unique_ptr<Sampler> make_nsga2_sampler(const SamplerSettings& settings) {
  return std::make_unique<Nsga2Sampler>(settings);
}

}  // namespace joule::search
