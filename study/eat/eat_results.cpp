// SPDX-License-Identifier: MIT
#include "joule/study/eat/eat_results.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/search/front/front.h"
#include "joule/study/eat/eat_study.h"

namespace joule::study {
namespace {

EatCell& cell_of(std::vector<EatCell>& cells, const search::Point& point) {
  std::optional<double> lambda, sigma;
  if (point.get<std::string>("method") == "eat") {
    lambda = point.get<double>("lambda");
    sigma = point.get<double>("sigma");
  }
  const auto found = std::ranges::find_if(
      cells, [&](const EatCell& cell) { return cell.lambda == lambda && cell.sigma == sigma; });
  require(found != cells.end(), "a trial has lambda ", lambda.value_or(0), " and sigma ",
          sigma.value_or(0), ", which the study has not");
  return *found;
}

void add_trial(EatCell& cell, const Trial& trial) {
  if (trial.state == State::complete) {
    ++cell.complete;
    const auto seed = trial.point.get<std::int64_t>("seed");
    for (const Value& value : trial.values) add_value(cell.values, value, seed);
  } else if (trial.state == State::failed || trial.state == State::pruned) {
    ++cell.failed;
    cell.errors.push_back(trial.error);
  } else {
    ++cell.waiting;
  }
}

std::vector<EatCell> empty_cells(const EatConfig& config) {
  std::vector<EatCell> cells(1);
  for (const double sigma : config.sigmas) {
    for (const double lambda : config.lambdas) cells.push_back({.lambda = lambda, .sigma = sigma});
  }
  return cells;
}

/// Accuracy and ratio on the images that decide, of the cells that are whole.
struct Decisive {
  std::vector<std::size_t> cells;
  std::vector<search::Mean> accuracy, ratio;
};

Decisive decisive(const EatResults& results) {
  const ChosenOn images = results.config.chosen_on();
  Decisive d;
  for (std::size_t i = 0; i < results.cells.size(); ++i) {
    const EatCell& cell = results.cells[i];
    if (cell.complete < results.config.seeds) continue;
    const Over* const accuracy = cell.find(trained::named(trained::kAccuracy, images));
    const Over* const ratio = cell.find(trained::named(eat::kRatio, images) + kEatProfile);
    require(accuracy && ratio, cell.title(), ": lacks accuracy or ratio on the ", name(images),
            " images");
    d.cells.push_back(i);
    d.accuracy.push_back(accuracy->mean());
    d.ratio.push_back(ratio->mean());
  }
  return d;
}

void find_front(EatResults& results, const Decisive& d) {
  if (d.cells.empty()) return;
  std::vector<std::vector<double>> points;
  std::vector<std::vector<std::optional<search::Interval>>> intervals;
  for (std::size_t i = 0; i < d.cells.size(); ++i) {
    points.push_back({d.accuracy[i].mean, d.ratio[i].mean});
    intervals.push_back({d.accuracy[i].interval, d.ratio[i].interval});
  }
  const search::Objectives objectives({search::Direction::maximise, search::Direction::minimise},
                                      points);
  const std::vector<std::size_t> front = search::front(objectives);
  for (const std::size_t i : front) results.front.push_back(d.cells[i]);
  for (const auto& [a, b] : search::unseparated(objectives, front, intervals)) {
    results.unseparated.emplace_back(d.cells[a], d.cells[b]);
  }
}

EatChoice choose(const EatConfig& config, const Decisive& d, double most_lost) {
  EatChoice choice{.rule = str("the lowest ratio (", kEatProfile,
                               ") that is lower than standard training's, with an accuracy within ",
                               most_lost, most_lost == 1 ? " point" : " points",
                               " of standard training's, both on the ", name(config.chosen_on()),
                               " images, in the mean of the seeds")};
  if (d.cells.empty() || d.cells.front() != 0) {
    choice.why_none = "standard training is not complete";
    return choice;
  }
  if (d.cells.size() == 1) {
    choice.why_none = "no point of the sweep is complete";
    return choice;
  }
  bool any_lower = false, any_accurate = false;
  double lowest = d.ratio.front().mean;
  for (std::size_t i = 1; i < d.cells.size(); ++i) {
    const bool accurate = d.accuracy[i].mean >= d.accuracy.front().mean - most_lost;
    any_accurate = any_accurate || accurate;
    any_lower = any_lower || d.ratio[i].mean < d.ratio.front().mean;
    if (!accurate || d.ratio[i].mean >= lowest) continue;
    lowest = d.ratio[i].mean;
    choice.cell = d.cells[i];
  }
  if (choice.cell) return choice;
  if (!any_lower) {
    choice.why_none = "no point has a lower ratio";
  } else {
    choice.why_none =
        any_accurate ? "no point with a lower ratio is as accurate" : "no point is as accurate";
  }
  return choice;
}

}  // namespace

std::string EatCell::title() const {
  return is_standard() ? "standard" : str("lambda ", *lambda, ", sigma ", *sigma);
}

EatResults eat_results(const EatConfig& config, const std::vector<Trial>& trials) {
  EatResults results{.config = config, .cells = empty_cells(config)};
  for (const Trial& trial : trials) add_trial(cell_of(results.cells, trial.point), trial);
  results.finished = std::ranges::all_of(results.cells, [&](const EatCell& cell) {
    return cell.complete + cell.failed == config.seeds;
  });
  const Decisive d = decisive(results);
  find_front(results, d);
  results.paper = choose(config, d, kPaperLoss);
  results.ours = choose(config, d, kOurLoss);
  const Over* const accuracy =
      results.standard().find(trained::named(trained::kAccuracy, ChosenOn::test));
  const Over* const chance = results.standard().find(eat::kChance);
  if (accuracy && chance && accuracy->mean().mean <= chance->mean().mean) {
    results.learnt_nothing = LearntNothing{accuracy->mean().mean, chance->mean().mean};
  }
  return results;
}

}  // namespace joule::study
