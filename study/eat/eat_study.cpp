// SPDX-License-Identifier: MIT
#include "joule/study/eat/eat_study.h"

#include <algorithm>
#include <memory>

#include "joule/core/error.h"
#include "joule/study/eat/eat_trial.h"

namespace joule::study {

using search::Dimension;
using search::Point;

namespace {

Dimension real(const char* name, const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  return {.name = name,
          .kind = search::Kind::real,
          .low = low,
          .high = high,
          .log = low > 0,
          .active_if = search::Condition{"method", {std::string("eat")}}};
}

}  // namespace

StudyDefinition eat_study(const std::string& name, const EatConfig& config) {
  check(config);
  StudyDefinition study{.name = name, .kind = "eat", .config = to_json(config)};
  study.space = search::Space({{.name = "seed",
                                .kind = search::Kind::integer,
                                .low = 1,
                                .high = static_cast<double>(config.seeds)},
                               {.name = "method",
                                .kind = search::Kind::categorical,
                                .low = 0,
                                .high = 1,
                                .choices = {"standard", "eat"}},
                               real("lambda", config.lambdas),
                               real("sigma", config.sigmas)});
  study.goals = {
      {trained::named(trained::kAccuracy, config.chosen_on()), search::Direction::maximise},
      {trained::named(eat::kRatio, config.chosen_on()) + kEatProfile, search::Direction::minimise}};
  study.seed = config.training.seed;
  for (std::int64_t seed = 1; seed <= config.seeds; ++seed) {
    study.fixed.push_back({{"seed", seed}, {"method", std::string("standard")}});
    for (const double sigma : config.sigmas) {
      for (const double lambda : config.lambdas) {
        study.fixed.push_back(
            {{"seed", seed}, {"method", std::string("eat")}, {"lambda", lambda}, {"sigma", sigma}});
      }
    }
  }
  return study;
}

training::Config training_at(const EatConfig& config, const Point& point) {
  training::Config training = config.training;
  training.seed += static_cast<std::uint64_t>(point.get<std::int64_t>("seed") - 1);
  if (point.get<std::string>("method") == "eat") {
    training.l0_lambda = point.get<double>("lambda");
    training.l0_sigma = point.get<double>("sigma");
  } else {
    training.l0_warmup = 0;  // of a penalty that there is not
  }
  return training;
}

Kind eat_kind() {
  return {.name = "eat",
          .about = "energy-aware training: standard training beside training with the L0 penalty",
          .make = [](const StudyDefinition& definition) -> Objective {
            const auto config = std::make_shared<const EatConfig>(
                parse_eat_config(definition.config, "study " + definition.name));
            const auto data = std::make_shared<const DataSplit>(trial_data(config->training));
            return [config, data](const Trial& trial, TrialContext& context) {
              return run_eat_trial(*config, *data, trial, context);
            };
          }};
}

}  // namespace joule::study
