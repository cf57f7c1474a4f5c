// SPDX-License-Identifier: MIT
#include "joule/study/nas_search/nas_train_study.h"

#include <algorithm>
#include <memory>

#include "joule/core/error.h"
#include "joule/nas/search/table_search.h"
#include "joule/study/nas_build/build_study.h"
#include "joule/study/nas_build/build_trial.h"
#include "joule/study/nas_search/nas_search_study.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

std::string validation_accuracy() {
  return trained::named(trained::kAccuracy, ChosenOn::validation);
}

/// Of the training steps: measured if that is known, else modelled.
Value joules_of_training(const std::vector<Value>& values) {
  const auto known = [](const Value& value) {
    return value.name == nas_build::kTrainingEnergy && value.number.has_value();
  };
  const auto found = std::ranges::find_if(values, known);
  Value joules = found != values.end()
                     ? *found
                     : unavailable("", "J", "", "there is neither a meter nor a model");
  joules.name = kJoulesOfTraining;
  return joules;
}

/// As a table has it: shares in place of %, and the energy under its name.
void rename(nas::Value& value) {
  if (value.metric.name == kEnergy) {
    value.metric.name = "energy of the trial";
  } else if (value.metric.name == kJoulesOfTraining) {
    value.metric.name = nas::kEnergy;
  } else if (value.metric.unit == "%") {
    value.metric.unit = "";
    for (auto* const number : {&value.number, &value.low, &value.high}) {
      if (*number) **number /= 100;
    }
  }
}

}  // namespace

nas::CellSpace space_of(const BuildConfig& config) {
  return nas::CellSpace(config.space.vertices, config.budgets);
}

StudyDefinition nas_train_study(const std::string& name, const BuildConfig& config,
                                const std::string& strategy, std::int64_t evaluations,
                                std::uint64_t seed) {
  check(config);
  const std::string base = strategy.substr(0, strategy.find(':'));
  require(base != nas::kExhaustive, "--strategy: exhaustive is joule nas build, without --train");
  require(base != "ms-ehvi",
          "--strategy: ms-ehvi knows energies without training: it needs a table");
  const nas::CellSpace space = space_of(config);
  StudyDefinition definition{.name = name,
                             .kind = "nas-train",
                             .config = to_json(config),
                             .space = space.space(),
                             .goals = {{validation_accuracy(), search::Direction::maximise, {}},
                                       {kJoulesOfTraining, search::Direction::minimise, {}}},
                             .sampler = nas::sampler_of(strategy, space, evaluations),
                             .seed = seed,
                             .trials = evaluations};
  check(definition);
  return definition;
}

nas::SearchRun train_run_of(const Study& study, const std::vector<Trial>& trials,
                            const std::string& strategy) {
  nas::SearchRun run = run_of(study, trials,
                              {{validation_accuracy(), search::Direction::maximise},
                               {kJoulesOfTraining, search::Direction::minimise}},
                              strategy);
  for (nas::SearchEvaluation& evaluation : run.evaluations) {
    for (nas::Value& value : evaluation.values) rename(value);
  }
  return run;
}

Kind nas_train_kind() {
  return {.name = "nas-train",
          .about = "a search among cells that trains each net that it asks for",
          .make = [](const StudyDefinition& definition) -> Objective {
            const auto config = std::make_shared<const BuildConfig>(
                parse_build_config(definition.config, "study " + definition.name));
            const auto data = std::make_shared<const DataSplit>(trial_data(config->training));
            check(skeleton_for(*config, data->train));
            return [config, data](const Trial& trial, TrialContext& context) {
              const nas::CellSpace space = space_of(*config);
              const nas::Cell cell = checked(space.cell(trial.point), config->space);
              Trial training = trial;
              training.point = search::Point{{"cell", std::int64_t{1}},
                                             {"epochs", space.epochs(trial.point)},
                                             {"seed", std::int64_t{1}}};
              std::vector<Value> values =
                  run_build_trial(*config, {cell, fingerprint(cell)}, *data, training, context);
              values.push_back(joules_of_training(values));
              return values;
            };
          }};
}

}  // namespace joule::study
