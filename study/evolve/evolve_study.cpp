// SPDX-License-Identifier: MIT
#include "joule/study/evolve/evolve_study.h"

#include <memory>
#include <utility>

#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/study/evolve/evolve_point.h"
#include "joule/study/evolve/evolve_trial.h"
#include "joule/study/evolve/generations.h"

namespace joule::study {

std::string evolve::module_power(std::size_t module) { return str("module power ", module); }

StudyDefinition evolve_study(const std::string& name, const EvolveConfig& config,
                             std::uint64_t seed) {
  check(config);
  StudyDefinition study{.name = name,
                        .kind = "evolve",
                        .config = to_json(config),
                        .space = evolve_space(),
                        .goals = {{evolve::kFitness, search::Direction::maximise}},
                        .sampler = std::string(kByKind),
                        .seed = seed};
  check(study);
  return study;
}

Kind evolve_kind() {
  const auto config_of = [](const StudyDefinition& definition) {
    return parse_evolve_config(definition.config, "study " + definition.name);
  };
  return {.name = "evolve",
          .about = "evolution of nets, with power in the fitness",
          .make = [config_of](const StudyDefinition& definition) -> Objective {
            const auto worker =
                std::make_shared<const EvolveWorker>(config_of(definition), definition.seed);
            return [worker](const Trial& trial, TrialContext& context) {
              joule::context().deterministic = worker->config.training.deterministic;
              return run_evolve_trial(*worker, trial, context);
            };
          },
          .propose = [config_of](const StudyDefinition& definition) -> Proposer {
            const auto generations =
                std::make_shared<Generations>(config_of(definition), definition.seed);
            return [generations](const std::vector<Trial>& trials, std::int64_t number) {
              return generations->ask(trials, number);
            };
          }};
}

}  // namespace joule::study
