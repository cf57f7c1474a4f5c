// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/error.h"
#include "joule/report/hpo/hpo_tables.h"

namespace joule::report {
namespace {

using study::HpoResults;
using study::HpoSearch;
using study::HpoStep;
using study::HpoStrategy;

Point point_of_mean(double x, const search::Mean& mean) {
  Point point{.x = x, .y = mean.mean, .low = mean.mean, .high = mean.mean};
  if (mean.interval) {
    point.low = mean.interval->low;
    point.high = mean.interval->high;
  }
  return point;
}

/// After each round the best so far, over what had been spent by then: both in the mean over the
/// searches that have come so far and found anything.
template <class Spent>
Line best_line(const HpoResults& results, const HpoStrategy& strategy, Spent&& spent) {
  Line line{.name = strategy.name, .marks = false};
  std::size_t rounds = 0;
  for (const std::size_t search : strategy.searches) {
    rounds = std::max(rounds, results.searches[search].steps.size());
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<double> scores, xs;
    for (const std::size_t search : strategy.searches) {
      const std::vector<HpoStep>& steps = results.searches[search].steps;
      if (round >= steps.size() || !steps[round].score) continue;
      const std::optional<double> x = spent(steps[round]);
      if (!x) continue;
      scores.push_back(*steps[round].score);
      xs.push_back(*x);
    }
    // A mean of fewer searches than there are would jump where one joins.
    if (scores.size() < strategy.searches.size()) continue;
    line.points.push_back(
        point_of_mean(search::mean_interval(xs).mean, search::mean_interval(scores)));
  }
  return line;
}

template <class Spent>
LineChart best_chart(const HpoResults& results, std::string title, std::string x_title,
                     Spent&& spent) {
  LineChart chart{.title = std::move(title),
                  .x_title = std::move(x_title),
                  .y_title = "best so far: " + results.score};
  for (const HpoStrategy& strategy : results.strategies) {
    chart.lines.push_back(best_line(results, strategy, spent));
  }
  return chart;
}

}  // namespace

std::vector<Picture<LineChart>> best_charts(const HpoResults& results) {
  const std::string over = ", in the mean over the repetitions; bars: 95 % interval of that mean.";
  std::vector<Picture<LineChart>> charts{
      {"best-rounds", "The best so far after each round" + over,
       best_chart(results, "Best so far over rounds", "round",
                  [](const HpoStep& s) { return std::optional(static_cast<double>(s.round)); })}};
  if (results.quality != study::Quality::unavailable) {
    charts.push_back({"best-joules", "The best so far after what had been spent" + over,
                      best_chart(results, "Best so far over joules",
                                 "energy of all rounds so far, " + joules_unit(results.quality),
                                 [](const HpoStep& s) { return s.joules; })});
  }
  charts.push_back({"best-seconds",
                    "The best so far over time, that of the proposals included" + over,
                    best_chart(results, "Best so far over time", "s",
                               [](const HpoStep& s) { return std::optional(s.seconds); })});
  return charts;
}

Picture<LineChart> rounds_chart(const HpoResults& results) {
  LineChart chart{.title = "Accuracy over the energy of a training",
                  .x_title = "energy of a training, " + joules_unit(results.training_quality),
                  .y_title = "accuracy, %"};
  for (const HpoStrategy& strategy : results.strategies) {
    Line line{.name = strategy.name};
    for (const study::HpoRound& round : results.rounds) {
      if (round.strategy != strategy.name) continue;
      line.points.push_back({.x = round.joules,
                             .y = round.accuracy,
                             .low = round.accuracy,
                             .high = round.accuracy,
                             .apart = true});
    }
    chart.lines.push_back(line);
  }
  Line front{.name = "front", .dashed = true, .marks = false};
  for (const std::size_t i : results.front) {
    const study::HpoRound& round = results.rounds[i];
    front.points.push_back(
        {.x = round.joules, .y = round.accuracy, .low = round.accuracy, .high = round.accuracy});
  }
  std::ranges::sort(front.points, {}, &Point::x);
  chart.lines.push_back(front);
  return {"rounds",
          "Each point is a complete round. The dashed line joins what no other round beats.",
          chart};
}

}  // namespace joule::report
