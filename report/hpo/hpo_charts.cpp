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

/// With the interval as a bar; a share cannot lie beyond 0 and 100 %.
Point with_interval(Point point, const search::Mean& mean, bool share) {
  if (!mean.interval) return point;
  point.low = share ? std::max(mean.interval->low, 0.0) : mean.interval->low;
  point.high = share ? std::min(mean.interval->high, 100.0) : mean.interval->high;
  return point;
}

/// After each round the best so far, over what had been spent by then, both in the mean over the
/// searches.  The interval stands at the end: one per round would hide the lines.
template <class Spent>
Line best_line(const HpoResults& results, const HpoStrategy& strategy, Spent&& spent) {
  Line line{.name = strategy.name, .marks = false};
  std::size_t rounds = 0;
  std::optional<search::Mean> last;
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
    last = search::mean_interval(scores);
    line.points.push_back({.x = search::mean_interval(xs).mean,
                           .y = last->mean,
                           .low = last->mean,
                           .high = last->mean});
  }
  if (last) {
    const bool share = results.config.objective != study::kHpoJoules;
    line.points.back() = with_interval(line.points.back(), *last, share);
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
  const std::string over =
      ", in the mean over the repetitions; the bar at the end is the 95 % interval of that mean.";
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
                    best_chart(results, "Best so far over time", "time, s",
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
