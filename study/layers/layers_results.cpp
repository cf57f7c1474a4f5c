// SPDX-License-Identifier: MIT
#include "joule/study/layers/layers_results.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/search/front/front.h"
#include "joule/study/layers/layers_study.h"
#include "joule/study/layers/layers_two_ways.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

const std::vector<LayersMeasure>& cost_measures() {
  static const std::vector<LayersMeasure> all{
      {layers::kAboveIdle, Quality::attributed, "J", "training energy above idle, attributed"},
      {layers::kTrainingEnergy, Quality::measured, "J", "training energy, measured"},
      {layers::kTrainingEnergy, Quality::sampled, "J", "training energy, sampled"},
      {layers::kTrainingEnergy, Quality::modelled, "J", "training energy, modelled (horowitz45)"},
      {trained::kTrainingTime, Quality::measured, "s", "training time, measured"}};
  return all;
}

LayersMeasure accuracy_measure() {
  return {test_accuracy(), Quality::counted, "%", "test accuracy"};
}

void add_layers_trial(std::vector<LayersCell>& cells, const Trial& trial) {
  const LayersNet net = net_at(trial.point);
  const auto cell = std::ranges::find(cells, net, &LayersCell::net);
  require(cell != cells.end(), "a trial has the net ", net.title(), ", which the study has not");
  if (trial.state == State::complete) {
    ++cell->complete;
    const auto draw = trial.point.get<std::int64_t>("draw");
    for (const Value& value : trial.values) add_value(cell->values, value, draw);
  } else if (trial.state == State::failed || trial.state == State::pruned) {
    ++cell->failed;
    cell->errors.push_back(trial.error);
  } else {
    ++cell->waiting;
  }
}

/// The draws for which all nets of the factorial have an accuracy.
std::vector<std::int64_t> common_draws(const LayersResults& results) {
  std::vector<std::int64_t> draws;
  for (std::int64_t draw = 1; draw <= results.config.repeats; ++draw) {
    bool all = true;
    for (std::size_t i = 0; i < results.factorial(); ++i) {
      const Over* const over = results.cells[i].find(test_accuracy(), Quality::counted);
      all = all && over && std::ranges::count(over->seeds, draw) > 0;
    }
    if (all) draws.push_back(draw);
  }
  return draws;
}

/// None if a net lacks one of the numbers.
std::optional<LayersTable> table_of(const LayersResults& results, const LayersMeasure& measure) {
  LayersTable table;
  for (std::size_t i = 0; i < results.factorial(); ++i) {
    const LayersCell& cell = results.cells[i];
    const Over* const over = cell.find(measure.value, measure.quality);
    if (!over) return {};
    table.nets.push_back(cell.net);
    auto& row = table.y.emplace_back();
    for (const std::int64_t draw : results.draws) {
      const auto found = std::ranges::find(over->seeds, draw);
      if (found == over->seeds.end()) return {};
      row.push_back(over->numbers[static_cast<std::size_t>(found - over->seeds.begin())]);
    }
  }
  return table;
}

void find_effects(LayersResults& results) {
  if (results.draws.empty()) return;
  const auto add = [&](const LayersMeasure& measure, const LayersTable& table) {
    results.effects.push_back({.measure = measure,
                               .factors = factor_effects(table),
                               .anova = factorial_anova(table),
                               .halved = factor_saving(table, "conv")});
  };
  for (const LayersMeasure& measure : cost_measures()) {
    const std::optional<LayersTable> table = table_of(results, measure);
    if (!table) continue;
    results.costs.push_back(measure);
    add(measure, *table);
  }
  const LayersMeasure accuracy = accuracy_measure();
  if (const auto table = table_of(results, accuracy)) add(accuracy, *table);
}

void find_layers_front(LayersResults& results) {
  if (results.costs.empty()) return;
  const LayersMeasure& cost = results.costs.front();
  std::vector<std::size_t> cells;
  std::vector<std::vector<double>> points;
  std::vector<std::vector<std::optional<search::Interval>>> intervals;
  for (std::size_t i = 0; i < results.cells.size(); ++i) {
    const LayersCell& cell = results.cells[i];
    const Over* const accuracy = cell.find(deciding_accuracy(results.config), Quality::counted);
    const Over* const spent = cell.find(cost.value, cost.quality);
    if (cell.complete < results.config.repeats || !accuracy || !spent) continue;
    const search::Mean y = accuracy->mean(), x = spent->mean();
    cells.push_back(i);
    points.push_back({x.mean, y.mean});
    intervals.push_back({x.interval, y.interval});
  }
  if (cells.empty()) return;
  const search::Objectives objectives({search::Direction::minimise, search::Direction::maximise},
                                      points);
  const std::vector<std::size_t> front = search::front(objectives);
  for (const std::size_t i : front) {
    LayersStep step{.cell = cells[i], .cost = points[i][0], .accuracy = points[i][1]};
    if (!results.front.empty()) {
      step.more_cost = step.cost - results.front.back().cost;
      step.more_accuracy = step.accuracy - results.front.back().accuracy;
    }
    results.front.push_back(step);
  }
  for (const auto& [a, b] : search::unseparated(objectives, front, intervals)) {
    results.unseparated.emplace_back(cells[a], cells[b]);
  }
}

}  // namespace

std::size_t LayersResults::factorial() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(cells, [](const LayersCell& cell) { return cell.net.in_factorial(); }));
}

LayersResults layers_results(const LayersConfig& config, const std::vector<Trial>& trials) {
  LayersResults results{.config = config};
  for (const LayersNet& net : nets_of(config)) results.cells.push_back({.net = net});
  for (const Trial& trial : trials) add_layers_trial(results.cells, trial);
  results.finished = std::ranges::all_of(results.cells, [&](const LayersCell& cell) {
    return cell.complete + cell.failed == config.repeats;
  });
  results.draws = common_draws(results);
  find_effects(results);
  find_two_ways(results);
  find_layers_front(results);
  return results;
}

std::string deciding_accuracy(const LayersConfig& config) {
  return trained::named(trained::kAccuracy, chosen_on(config.training));
}

std::string test_accuracy() { return trained::named(trained::kAccuracy, ChosenOn::test); }

std::string layer_kind(std::string_view layer) {
  return std::string(layer.substr(0, layer.find_last_not_of("0123456789") + 1));
}

std::vector<Over> by_layer_kind(const LayersCell& cell, std::string_view prefix, Quality quality) {
  std::vector<Over> kinds;
  for (const Over& over : cell.values) {
    if (!over.name.starts_with(prefix) || over.quality != quality || over.numbers.empty()) continue;
    const std::string kind = layer_kind(std::string_view(over.name).substr(prefix.size()));
    auto found = std::ranges::find(kinds, kind, &Over::name);
    if (found == kinds.end()) {
      Over sum = over;
      sum.name = kind;
      kinds.push_back(std::move(sum));
      continue;
    }
    require(found->seeds == over.seeds, cell.net.title(), ": ", over.name,
            " is not there for every draw");
    for (std::size_t i = 0; i < over.numbers.size(); ++i) found->numbers[i] += over.numbers[i];
  }
  return kinds;
}

std::optional<BestDraw> best_draw(const LayersConfig& config, const LayersCell& cell) {
  const Over* const deciding = cell.find(deciding_accuracy(config), Quality::counted);
  const Over* const test = cell.find(test_accuracy(), Quality::counted);
  if (!deciding || !test) return {};
  const auto best = static_cast<std::size_t>(std::ranges::max_element(deciding->numbers) -
                                             deciding->numbers.begin());
  return BestDraw{.draw = deciding->seeds[best], .test_accuracy = test->numbers.at(best)};
}

}  // namespace joule::study
