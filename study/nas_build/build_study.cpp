// SPDX-License-Identifier: MIT
#include "joule/study/nas_build/build_study.h"

#include <memory>

#include "joule/core/error.h"
#include "joule/nas/network/network.h"
#include "joule/study/nas_build/build_trial.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

using search::Point;

search::Dimension whole(const char* name, std::int64_t low, std::int64_t high) {
  return {.name = name,
          .kind = search::Kind::integer,
          .low = static_cast<double>(low),
          .high = static_cast<double>(high)};
}

}  // namespace

StudyDefinition build_study(const std::string& name, const BuildConfig& config) {
  check(config);
  StudyDefinition study{.name = name, .kind = "nas-build", .config = to_json(config)};
  const auto cells = static_cast<std::int64_t>(nas::enumerate(config.space).size());
  study.space = search::Space({whole("cell", 1, cells),
                               whole("epochs", config.budgets.front(), config.budgets.back()),
                               whole("seed", 1, config.seeds)});
  study.goals = {
      {trained::named(trained::kAccuracy, ChosenOn::validation), search::Direction::maximise},
      {nas_build::kMacs, search::Direction::minimise}};
  study.seed = config.training.seed;
  for (std::int64_t seed = 1; seed <= config.seeds; ++seed) {
    for (const std::int64_t epochs : config.budgets) {
      for (std::int64_t cell = 1; cell <= cells; ++cell) {
        study.fixed.push_back(Point{{"cell", cell}, {"epochs", epochs}, {"seed", seed}});
      }
    }
  }
  return study;
}

const nas::NamedCell& cell_at(const std::vector<nas::NamedCell>& cells, const Point& point) {
  const auto number = point.get<std::int64_t>("cell");
  require(number >= 1 && number <= static_cast<std::int64_t>(cells.size()), "cell: expected 1 to ",
          cells.size(), ", got ", number);
  return cells[static_cast<std::size_t>(number - 1)];
}

training::Config training_at(const BuildConfig& config, const nas::NamedCell& cell,
                             const Point& point, const Dataset& images) {
  training::Config training = config.training;
  training.model = "cell-" + to_text(cell.fingerprint).substr(0, 12);
  training.net =
      nn::to_json(nas::network_of(cell.cell, skeleton_for(config, images), training.model));
  training.epochs = point.get<std::int64_t>("epochs");
  training.seed += static_cast<std::uint64_t>(point.get<std::int64_t>("seed") - 1);
  return training;
}

std::int64_t half_of(std::int64_t epochs) { return epochs / 2; }

Kind nas_build_kind() {
  return {.name = "nas-build",
          .about = "a table of the cells of a space: each is trained and measured",
          .make = [](const StudyDefinition& definition) -> Objective {
            const auto config = std::make_shared<const BuildConfig>(
                parse_build_config(definition.config, "study " + definition.name));
            const auto data = std::make_shared<const DataSplit>(trial_data(config->training));
            const auto cells =
                std::make_shared<const std::vector<nas::NamedCell>>(nas::enumerate(config->space));
            check(skeleton_for(*config, data->train));
            return [config, data, cells](const Trial& trial, TrialContext& context) {
              return run_build_trial(*config, cell_at(*cells, trial.point), *data, trial, context);
            };
          }};
}

}  // namespace joule::study
