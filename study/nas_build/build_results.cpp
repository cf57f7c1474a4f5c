// SPDX-License-Identifier: MIT
#include "joule/study/nas_build/build_results.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/search/front/front.h"
#include "joule/study/nas_build/build_study.h"
#include "joule/study/nas_build/build_table.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

void add_trial(BuildResults& results, const Trial& trial) {
  if (!is_finished(trial.state)) return;
  const nas::NamedCell& cell = cell_at(results.cells, trial.point);
  const auto epochs = trial.point.get<std::int64_t>("epochs");
  const auto number = static_cast<std::size_t>(&cell - results.cells.data());
  const auto built = std::ranges::find_if(results.built, [&](const BuiltCell& each) {
    return each.cell == number && each.epochs == epochs;
  });
  require(built != results.built.end(), "trial ", trial.number, ": the study has no budget of ",
          epochs, " epochs");
  if (trial.state != State::complete) {
    ++built->failed;
    built->errors.push_back(trial.error);
    return;
  }
  ++built->complete;
  for (const Value& value : trial.values) {
    add_value(built->values, value, trial.point.get<std::int64_t>("seed"));
  }
}

BuildFront front_of(const BuildResults& results, std::int64_t epochs) {
  BuildFront front{.epochs = epochs};
  std::vector<std::size_t> numbers;
  std::vector<std::vector<double>> points;
  std::vector<std::vector<std::optional<search::Interval>>> intervals;
  const std::string accuracy = trained::named(trained::kAccuracy, ChosenOn::validation);
  for (std::size_t i = 0; i < results.built.size(); ++i) {
    const BuiltCell& built = results.built[i];
    if (built.epochs != epochs || built.complete < results.config.seeds) continue;
    const Over* const energy = built.find(nas_build::kTrainingEnergy, results.energy);
    const Over* const right = built.find(accuracy, Quality::counted);
    if (!energy || !right) continue;
    const search::Mean x = energy->mean(), y = right->mean();
    numbers.push_back(i);
    points.push_back({x.mean, y.mean});
    intervals.push_back({x.interval, y.interval});
  }
  if (numbers.empty()) return front;
  const search::Objectives objectives({search::Direction::minimise, search::Direction::maximise},
                                      points);
  const std::vector<std::size_t> best = search::front(objectives);
  for (const std::size_t i : best) front.built.push_back(numbers[i]);
  for (const auto& [a, b] : search::unseparated(objectives, best, intervals)) {
    front.unseparated.emplace_back(numbers[a], numbers[b]);
  }
  if (const auto knee = search::knee(objectives)) front.knee = numbers[knee->point];
  return front;
}

}  // namespace

BuildResults build_results(const BuildConfig& config, const std::vector<Trial>& trials) {
  BuildResults results{.config = config, .cells = nas::enumerate(config.space)};
  for (const std::int64_t epochs : config.budgets) {
    for (std::size_t cell = 0; cell < results.cells.size(); ++cell) {
      results.built.push_back({.cell = cell, .epochs = epochs});
    }
  }
  for (const Trial& trial : trials) add_trial(results, trial);
  results.energy = built_energy(trials);
  results.finished = std::ranges::all_of(results.built, [&](const BuiltCell& built) {
    return built.complete + built.failed == config.seeds;
  });
  for (const std::int64_t epochs : config.budgets) {
    results.fronts.push_back(front_of(results, epochs));
  }
  return results;
}

}  // namespace joule::study
