// SPDX-License-Identifier: MIT
#include "joule/study/hpo/hpo_study.h"

#include <algorithm>
#include <memory>
#include <set>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/draw.h"
#include "joule/search/grid.h"
#include "joule/study/hpo/hpo_trial.h"
#include "joule/study/training_trial.h"

namespace joule::study {

using search::Dimension;
using search::Direction;

namespace {

std::vector<Goal> goals_of(const HpoConfig& c) {
  const Goal accuracy{trained::named(trained::kAccuracy, chosen_on(c.training)),
                      Direction::maximise};
  Goal energy{hpo::kTrainingEnergy, Direction::minimise};
  if (c.objective == kHpoAccuracy) return {accuracy};
  if (c.objective == kHpoJoules) return {energy};
  energy.limit = c.budget_joules;
  return {accuracy, energy};
}

}  // namespace

search::Space paper_grid(const search::Space& space) {
  constexpr std::int64_t kValues = 5;
  std::vector<Dimension> dimensions(space.dimensions().begin(), space.dimensions().end());
  for (Dimension& d : dimensions) {
    const double high = d.name.starts_with("beta") ? 1 : d.high;  // what the paper has
    d.high = d.low + (kValues - 1) * (high - d.low) / kValues;
    d.levels = kValues;
  }
  return search::Space(std::move(dimensions));
}

std::vector<search::Point> drawn_from_grid(const search::Space& space, std::int64_t count,
                                           std::uint64_t seed) {
  const std::int64_t size = space.grid_size();
  std::vector<search::Point> points;
  if (size <= count) {
    for (std::int64_t i = 0; i < size; ++i) points.push_back(search::grid_point(space, i));
    return points;
  }
  std::set<std::int64_t> drawn;
  for (std::uint64_t draw = 0; std::ssize(points) < count; ++draw) {
    const auto words = philox(seed, draw, search::stream(search::Drawer::grid_sample, 0));
    const auto number =
        static_cast<std::int64_t>(search::unit(words[0], words[1]) * static_cast<double>(size));
    if (drawn.insert(number).second) points.push_back(search::grid_point(space, number));
  }
  return points;
}

StudyDefinition hpo_study(const std::string& name, const HpoConfig& config,
                          const search::Space& space, const std::string& strategy) {
  check(config);
  check_hpo_space(space, config.training);
  const auto has = [&](const std::string& dimension) {
    return std::ranges::count(space.dimensions(), dimension, &Dimension::name) > 0;
  };
  for (const std::string& ignored : config.ignored) {
    require(has(ignored), "ignore: the space has no dimension ", ignored);
  }
  require(config.pruner == "none" || !has("epochs"), "pruner: ", config.pruner,
          " compares trials by epochs, which the space varies");
  StudyDefinition study{
      .name = name,
      .kind = "hpo",
      .config = to_json(config),
      .space = space,
      .goals = goals_of(config),
      .seed = config.training.seed + static_cast<std::uint64_t>(config.repetition - 1)};
  study.pruner.name = config.pruner;
  if (config.pruner != "none") study.pruner.most_steps = config.training.epochs * config.repeats;
  if (strategy == "grid") {
    const bool paper = config.space_name == "paper" || config.space_name == "paper-3";
    study.fixed = drawn_from_grid(paper ? paper_grid(space) : space, config.rounds, study.seed);
  } else {
    study.sampler = strategy;
    study.trials = config.rounds;
  }
  check(study);
  return study;
}

training::Config training_at(const HpoConfig& config, const search::Point& point,
                             std::int64_t repeat) {
  training::Config training = with_point(config.training, point, config.ignored);
  training.seed +=
      static_cast<std::uint64_t>((config.repetition - 1) * config.repeats + repeat - 1);
  return training;
}

Kind hpo_kind() {
  return {.name = "hpo",
          .about = "hyper-parameter searches: what they find, and what they cost",
          .make = [](const StudyDefinition& definition) -> Objective {
            const auto config = std::make_shared<const HpoConfig>(
                parse_hpo_config(definition.config, "study " + definition.name));
            return [config](const Trial& trial, TrialContext& context) {
              return run_hpo_trial(*config, trial, context);
            };
          },
          .meters =
              [](const StudyDefinition& definition) {
                const std::string meter =
                    parse_hpo_config(definition.config, "study " + definition.name).meter;
                return meter == "none" ? "" : meter;
              }};
}

}  // namespace joule::study
