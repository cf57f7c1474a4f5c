// SPDX-License-Identifier: MIT
//
// SH-EMOA: one child at a time, on a ladder of budgets (sampler.h).
#include <algorithm>
#include <limits>
#include <numeric>

#include "joule/core/error.h"
#include "joule/io/parse_number.h"
#include "joule/search/front/front.h"
#include "joule/search/front/hypervolume.h"
#include "joule/search/samplers/evolution.h"
#include "joule/search/samplers/sampler_options.h"
#include "joule/search/samplers/samplers.h"
#include "joule/search/unit.h"

namespace joule::search {
namespace {

/// The trials that are evaluated with one value of the ladder.
struct Stage {
  std::int64_t begin = 0, end = std::numeric_limits<std::int64_t>::max();
  std::int64_t rung = 0;
};

class ShEmoaSampler final : public Sampler {
 public:
  explicit ShEmoaSampler(const SamplerSettings& settings) : goals_("sh-emoa", settings) {
    require(goals_.constraints.empty(), "sh-emoa: takes no limits; nsga2 and gp-ehvi do");
    const OptionReader options("sh-emoa", settings.options);
    population_ = options.count("population", 10, 2);
    tournament_ = options.count("tournament", 3);
    mutation_ = options.number("mutation", 0.5, 0, 1);
    changes_ = options.count("changes", 5);
    ladder_ = options.text("ladder");
    evaluations_ = options.count("evaluations", 100);
  }

  std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    check_trial_number(trial_number);
    const std::optional<std::size_t> ladder =
        ladder_.empty() ? std::nullopt : std::optional(ladder_of("sh-emoa", space, ladder_));
    const std::vector<Stage> stages = stages_of(space, ladder);
    const auto now =
        std::ranges::find_if(stages, [&](const Stage& stage) { return trial_number < stage.end; });
    Draws draws(seed, trial_number);
    const auto slot = static_cast<std::size_t>(trial_number - now->begin);
    const auto on_rung = [&](Point point) {
      if (ladder) {
        const Dimension& d = space.dimensions()[*ladder];
        point.set(d.name, value_at(d, now->rung));
      }
      return point;
    };
    if (static_cast<std::int64_t>(slot) < population_) {  // the best that came up from below
      if (now != stages.begin()) {
        const auto below = population_of(observations, *std::prev(now), trial_number);
        if (slot < below.size()) return on_rung(checked_point(space, *below[slot]));
      }
      return on_rung(random_point(space, draws));
    }
    const std::vector<const Observation*> parents = population_of(observations, *now, trial_number);
    if (parents.empty()) return on_rung(random_point(space, draws));
    return on_rung(child(space, ladder, parents, draws));
  }

 private:
  /// Rung after rung, half as many evaluations with a budget twice as large each: the budgets are
  /// first, 2 first, 4 first, ..., raised to the next that there is, up to the last.  Behind the
  /// last stage all is evaluated at the top.
  std::vector<Stage> stages_of(const Space& space, std::optional<std::size_t> ladder) const {
    if (!ladder) return {Stage{}};
    const Dimension& d = space.dimensions()[*ladder];
    std::vector<double> budgets;
    for (std::int64_t i = 0; i < *value_count(d); ++i) {
      const PointValue value = value_at(d, i);
      const auto* const text = std::get_if<std::string>(&value);
      budgets.push_back(text ? parse_number<double>(d.name, *text)
                             : static_cast<double>(std::get<std::int64_t>(value)));
      require(budgets.back() > (i > 0 ? budgets[static_cast<std::size_t>(i) - 1] : 0),
              "sh-emoa: ladder: the values of '", d.name, "' must be positive and rise");
    }
    std::vector<std::int64_t> rungs;
    for (double budget = budgets[0]; budget <= budgets.back(); budget *= 2) {
      const auto at = std::ranges::lower_bound(budgets, budget) - budgets.begin();
      rungs.push_back(at);
    }
    rungs.back() = std::ssize(budgets) - 1;
    std::int64_t size = evaluations_ / ((std::int64_t{1} << rungs.size()) - 1);
    require(size >= 1, "sh-emoa: evaluations: ", rungs.size(),
            " stages of the ladder need at least ", (std::int64_t{1} << rungs.size()) - 1, ", got ",
            evaluations_);
    size <<= rungs.size() - 1;
    std::vector<Stage> stages;
    for (const std::int64_t rung : rungs) {
      const std::int64_t begin = stages.empty() ? 0 : stages.back().end;
      stages.push_back({begin, begin + size, rung});
      size /= 2;
    }
    stages.back().end = std::numeric_limits<std::int64_t>::max();
    return stages;
  }

  /// What is left of the stage's trials before that one, the best first: after each, the one of the
  /// last front that adds the least to its hypervolume is dropped.
  std::vector<const Observation*> population_of(std::span<const Observation> observations,
                                                const Stage& stage, std::int64_t before) const {
    std::vector<const Observation*> members;
    std::vector<std::int64_t> rank;
    for (const Observation* const o :
         by_number(observations, goals_.directions, stage.begin, std::min(stage.end, before))) {
      const bool full = std::ssize(members) == population_;
      if (full && covered_by_last(members, rank, *o)) continue;
      members.push_back(o);
      if (full) members.erase(members.begin() + worst(members));
      rank = ranks(objectives_of(goals_.directions, members));
    }
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return rank[i]; });
    std::vector<const Observation*> sorted;
    for (const std::size_t i : order) sorted.push_back(members[i]);
    return sorted;
  }

  /// Whether a point of the last front is nowhere worse: the other would make a front behind it
  /// alone, or add nothing.
  bool covered_by_last(const std::vector<const Observation*>& members,
                       const std::vector<std::int64_t>& rank, const Observation& o) const {
    const std::int64_t last = std::ranges::max(rank);
    for (std::size_t i = 0; i < members.size(); ++i) {
      bool covers = rank[i] == last;
      for (std::size_t j = 0; covers && j < goals_.directions.size(); ++j) {
        const double a = members[i]->objectives[j], b = o.objectives[j];
        covers = goals_.directions[j] == Direction::minimise ? a <= b : a >= b;
      }
      if (covers) return true;
    }
    return false;
  }

  std::ptrdiff_t worst(const std::vector<const Observation*>& members) const {
    const Objectives objectives = objectives_of(goals_.directions, members);
    const std::vector<std::int64_t> rank = ranks(objectives);
    const std::int64_t last = std::ranges::max(rank);
    std::vector<std::size_t> of_last;
    std::vector<const Observation*> there;
    for (std::size_t i = 0; i < rank.size(); ++i) {
      if (rank[i] != last) continue;
      of_last.push_back(i);
      there.push_back(members[i]);
    }
    if (of_last.size() == 1) return static_cast<std::ptrdiff_t>(of_last[0]);
    const std::vector<double> contributions = exclusive_contributions(
        objectives_of(goals_.directions, there), reference_behind_all(objectives));
    // Of equal ones the youngest: it added nothing.
    std::size_t least = 0;
    for (std::size_t k = 1; k < contributions.size(); ++k) {
      if (contributions[k] <= contributions[least]) least = k;
    }
    return static_cast<std::ptrdiff_t>(of_last[least]);
  }

  /// By a tournament: the lowest place in the population, which is sorted.
  const Observation& winner(const std::vector<const Observation*>& population, Draws& draws) const {
    std::size_t best = population.size() - 1;
    for (std::int64_t i = 0; i < tournament_; ++i) {
      best = std::min(best, draws.below(population.size()));
    }
    return *population[best];
  }

  Point child(const Space& space, std::optional<std::size_t> ladder,
              const std::vector<const Observation*>& parents, Draws& draws) const {
    const auto dimensions = space.dimensions();
    Genes genes = genes_of(space, checked_point(space, winner(parents, draws)));
    if (!draws.chance(mutation_)) {
      const Genes other = genes_of(space, checked_point(space, winner(parents, draws)));
      for (std::size_t i = 0; i < genes.size(); ++i) {
        if (draws.chance(0.5)) genes[i] = other[i];
      }
      return point_of(space, genes, draws);
    }
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
      if (!constant(dimensions[i]) && i != ladder) open.push_back(i);
    }
    for (std::int64_t k = 0; k < changes_ && !open.empty(); ++k) {
      const std::size_t at = draws.below(open.size());
      genes[open[at]] = value_of_unit(dimensions[open[at]], draws.unit());
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return point_of(space, genes, draws);
  }

  Goals goals_;
  std::int64_t population_ = 0, tournament_ = 0, changes_ = 0, evaluations_ = 0;
  double mutation_ = 0;
  std::string ladder_;
};

}  // namespace

std::unique_ptr<Sampler> make_sh_emoa_sampler(const SamplerSettings& settings) {
  return std::make_unique<ShEmoaSampler>(settings);
}

}  // namespace joule::search
