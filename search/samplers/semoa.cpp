// SPDX-License-Identifier: MIT
//
// SEMOA, as the paper has it and as its code has it (sampler.h).
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

struct SemoaPreset {
  std::string_view name;
  double eta;
  bool extremes;
  const char* keep;
};

/// The dimensions whose names begin with `prefix`: so many of them change, on the average.
struct ChangeGroup {
  std::string prefix;
  double expected = 1;
};

/// From where to where the trials of a generation go, and what is known before it.
struct Generation {
  std::int64_t begin = 0, end = 0, number = 0;
  std::vector<const Observation*> population{};
  std::vector<const Observation*>
      again{};  // those that are evaluated at this rung, too: come first
};

class SemoaSampler final : public Sampler {
 public:
  SemoaSampler(const SemoaPreset& preset, const SamplerSettings& settings)
      : name_(preset.name), goals_(preset.name, settings) {
    require(goals_.constraints.empty(), name_, ": takes no limits; nsga2 and gp-ehvi do");
    const OptionReader options(name_, settings.options);
    offspring_ = options.count("population", 10);
    eta_ = options.number("eta", preset.eta, 1, 2);
    extremes_ = options.flag("extremes", preset.extremes);
    distinct_ = options.one_of("keep", preset.keep, {"front", "distinct"}) == "distinct";
    ladder_ = options.text("ladder");
    frozen_ = options.list("frozen");
    for (const std::string& part : options.list("changes")) {
      const std::size_t at = part.find('@');
      require(at != std::string::npos && at > 0, name_,
              ": changes: expected prefix@number, joined by '+', got '", part, "'");
      groups_.push_back(
          {part.substr(0, at), parse_number<double>(str(name_, ": changes"), part.substr(at + 1))});
      require(groups_.back().expected > 0, name_, ": changes: expected a number above 0, got ",
              groups_.back().expected);
    }
    groups_.push_back({});  // all others
  }

  std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    check_trial_number(trial_number);
    const std::optional<std::size_t> ladder =
        ladder_.empty() ? std::nullopt : std::optional(ladder_of(name_, space, ladder_));
    check_names(space);
    const Generation generation = generation_of(space, ladder, observations, trial_number);
    const auto slot = static_cast<std::size_t>(trial_number - generation.begin);
    Draws draws(seed, trial_number);
    if (slot < generation.again.size()) {
      return on_rung(space, ladder, checked_point(space, *generation.again[slot]),
                     generation.number);
    }
    if (generation.population.empty()) {
      return on_rung(space, ladder, random_point(space, draws), generation.number);
    }
    const Observation& parent =
        parent_of(generation.population, slot - generation.again.size(), draws);
    return changed(space, ladder,
                   on_rung(space, ladder, checked_point(space, parent), generation.number), draws);
  }

 private:
  void check_names(const Space& space) const {
    for (const std::string& name : frozen_) {
      require(std::ranges::count(space.dimensions(), name, &Dimension::name) > 0, name_,
              ": frozen: there is no dimension '", name, "'");
    }
  }

  static std::int64_t rungs(const Space& space, std::size_t ladder) {
    return *value_count(space.dimensions()[ladder]);
  }

  /// The point with the value of the ladder that is the generation's.
  static Point on_rung(const Space& space, std::optional<std::size_t> ladder, Point point,
                       std::int64_t generation) {
    if (!ladder) return point;
    const Dimension& d = space.dimensions()[*ladder];
    point.set(d.name, value_at(d, generation % rungs(space, *ladder)));
    return point;
  }

  Generation generation_of(const Space& space, std::optional<std::size_t> ladder,
                           std::span<const Observation> observations, std::int64_t trial) const {
    Generation generation;
    if (!ladder) {
      generation.number = trial / offspring_;
      generation.begin = generation.number * offspring_;
      generation.end = generation.begin + offspring_;
      generation.population =
          survivors(by_number(observations, goals_.directions, 0, generation.begin));
      return generation;
    }
    for (;; ++generation.number, generation.begin = generation.end) {
      const std::vector<const Observation*> seen =
          by_number(observations, goals_.directions, 0, generation.begin);
      generation.population = survivors(seen);
      generation.again = missing_on_rung(space, *ladder, generation, seen);
      generation.end = generation.begin + std::ssize(generation.again) + offspring_;
      if (trial < generation.end) return generation;
    }
  }

  /// Members of the population, each point once, that nothing was seen of on the generation's rung.
  static std::vector<const Observation*> missing_on_rung(
      const Space& space, std::size_t ladder, const Generation& generation,
      const std::vector<const Observation*>& seen) {
    std::vector<Point> there;
    const PointValue rung =
        value_at(space.dimensions()[ladder], generation.number % rungs(space, ladder));
    const std::string& name = space.dimensions()[ladder].name;
    for (const Observation* const o : seen) {
      const PointValue* const value = o->point.find(name);
      if (value && *value == rung) there.push_back(o->point);
    }
    std::vector<const Observation*> missing;
    for (const Observation* const member : generation.population) {
      Point point = on_rung(space, ladder, member->point, generation.number);
      if (std::ranges::count(there, point) > 0) continue;
      there.push_back(std::move(point));
      missing.push_back(member);
    }
    return missing;
  }

  double cost(const Observation& o, std::size_t objective) const {
    const double value = o.objectives[objective];
    return goals_.directions[objective] == Direction::minimise ? value : -value;
  }

  /// Whether a is nowhere worse than b.
  bool covers(const Observation& a, const Observation& b) const {
    for (std::size_t j = 0; j < goals_.directions.size(); ++j) {
      if (cost(a, j) > cost(b, j)) return false;
    }
    return true;
  }

  /// Of all that was seen, what no other dominates; or what differs. The front of parents and
  /// children is that of all, so that nothing needs to be replayed.
  std::vector<const Observation*> survivors(const std::vector<const Observation*>& seen) const {
    std::vector<const Observation*> kept;
    if (distinct_) {
      std::vector<std::size_t> order(seen.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      const auto by_objectives = [&](std::size_t a, std::size_t b) {
        return seen[a]->objectives < seen[b]->objectives;
      };
      std::ranges::stable_sort(order, by_objectives);
      const auto same = [&](std::size_t a, std::size_t b) {
        return seen[a]->objectives == seen[b]->objectives;
      };
      order.erase(std::unique(order.begin(), order.end(), same), order.end());
      std::ranges::sort(order);
      for (const std::size_t i : order) kept.push_back(seen[i]);
      return kept;
    }
    for (const Observation* const o : seen) {
      const auto covered = [&](const Observation* other) { return covers(*other, *o); };
      if (std::ranges::any_of(kept, covered)) continue;
      std::erase_if(kept, [&](const Observation* other) { return covers(*o, *other); });
      kept.push_back(o);
    }
    return kept;
  }

  /// By linear ranking of what the hypervolume loses without it; first the extremes, if they are
  /// always parents.
  const Observation& parent_of(const std::vector<const Observation*>& population, std::size_t slot,
                               Draws& draws) const {
    const Objectives objectives = objectives_of(goals_.directions, population);
    if (extremes_ && slot < goals_.directions.size()) {
      return *population[extrema(objectives)[slot]];
    }
    const std::vector<double> contributions = contributions_of(objectives);
    std::vector<std::size_t> order(population.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [&](std::size_t i) { return contributions[i]; });
    const auto n = static_cast<double>(order.size());
    double u = draws.unit();
    for (std::size_t i = 0; i + 1 < order.size(); ++i) {
      u -= (eta_ - 2 * (eta_ - 1) * static_cast<double>(i) / (n - 1)) / n;
      if (u < 0) return *population[order[i]];
    }
    return *population[order.back()];
  }

  /// What is dominated loses nothing. What comes to the front in place of a point that is taken out
  /// is of rank 1: of those behind it nothing need be known.
  static std::vector<double> contributions_of(const Objectives& objectives) {
    const std::vector<std::int64_t> rank = ranks(objectives);
    std::vector<std::size_t> near;
    std::vector<std::vector<double>> values;
    for (std::size_t i = 0; i < rank.size(); ++i) {
      if (rank[i] > 1) continue;
      near.push_back(i);
      values.emplace_back(objectives[i].begin(), objectives[i].end());
    }
    const Objectives of_near({objectives.directions().begin(), objectives.directions().end()},
                             std::move(values));
    const std::vector<double> lost =
        exclusive_contributions(of_near, reference_behind_all(objectives));
    std::vector<double> contributions(rank.size(), 0);
    for (std::size_t k = 0; k < near.size(); ++k) contributions[near[k]] = lost[k];
    return contributions;
  }

  const ChangeGroup& group_of(const std::string& name) const {
    return *std::ranges::find_if(groups_, [&](const ChangeGroup& group) {
      return name.starts_with(group.prefix);  // the last one has none
    });
  }

  /// Each dimension of a group changes with the probability that makes so many of them, on the
  /// average; again until any has.
  Point changed(const Space& space, std::optional<std::size_t> ladder, const Point& parent,
                Draws& draws) const {
    const auto dimensions = space.dimensions();
    std::vector<std::size_t> open;
    std::vector<const ChangeGroup*> groups;
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
      const Dimension& d = dimensions[i];
      if (constant(d) || i == ladder || !parent.contains(d.name)) continue;
      if (std::ranges::count(frozen_, d.name) > 0) continue;
      open.push_back(i);
      groups.push_back(&group_of(d.name));
    }
    if (open.empty()) return parent;
    Genes genes = genes_of(space, parent);
    for (bool any = false; !any;) {
      for (std::size_t k = 0; k < open.size(); ++k) {
        const auto size = std::ranges::count(groups, groups[k]);
        if (!draws.chance(groups[k]->expected / static_cast<double>(size))) continue;
        std::optional<PointValue>& gene = genes[open[k]];
        gene = changed_value(dimensions[open[k]], *gene, draws);
        any = true;
      }
    }
    return point_of(space, genes, draws);
  }

  std::string_view name_;
  Goals goals_;
  std::int64_t offspring_ = 0;
  double eta_ = 2;
  bool extremes_ = true, distinct_ = false;
  std::string ladder_;
  std::vector<std::string> frozen_;
  std::vector<ChangeGroup> groups_;
};

}  // namespace

std::unique_ptr<Sampler> make_semoa_sampler(const SamplerSettings& settings) {
  return std::make_unique<SemoaSampler>(SemoaPreset{"semoa", 2, true, "front"}, settings);
}
std::unique_ptr<Sampler> make_semoa_code_sampler(const SamplerSettings& settings) {
  return std::make_unique<SemoaSampler>(SemoaPreset{"semoa-code", 1.9, false, "distinct"},
                                        settings);
}

}  // namespace joule::search
