// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"
#include "joule/report/ecnas/ecnas_parts.h"
#include "joule/search/front/attainment.h"
#include "joule/search/front/objectives.h"

namespace joule::report {
namespace {

using nas::Method;
using search::Direction;

std::string axis_title(const EcnasResults& results, std::size_t objective) {
  const std::string& metric = results.comparison.objectives[objective].metric;
  if (metric == nas::kEnergy) return "energy of the training, kJ";
  if (metric == nas::kTrainingTime) return "training time, s";
  return metric;
}

/// What the axis of an objective has for one of its units.
double unit_of(const nas::Comparison& comparison, std::size_t objective) {
  return comparison.objectives[objective].metric == nas::kEnergy ? 1000 : 1;
}

Point point_at(const nas::Comparison& comparison, double y, double x, bool apart = false) {
  y /= unit_of(comparison, 0), x /= unit_of(comparison, 1);
  return {.x = x, .y = y, .low = y, .high = y, .apart = apart};
}

bool better(Direction direction, double a, double b) {
  return direction == Direction::minimise ? a < b : a > b;
}

/// A surface as the best first objective that is had at the price of x in the second; none where
/// the price is too low.
class Stairs {
 public:
  Stairs(const nas::Surface& surface, const std::vector<nas::Objective>& objectives)
      : surface_(surface), objectives_(objectives) {}

  std::optional<double> at(double x) const {
    std::optional<double> best;
    for (const auto& [y, price] : surface_) {
      if (better(objectives_[1].direction, x, price)) continue;
      if (!best || better(objectives_[0].direction, y, *best)) best = y;
    }
    return best;
  }

 private:
  const nas::Surface& surface_;
  const std::vector<nas::Objective>& objectives_;
};

/// The median surface as a staircase, the quarters as a band around it: from where all of them are.
Line attainment_line(const Method& method, const nas::Comparison& comparison, bool band) {
  Line line{.name = method.strategy, .points = {}, .dashed = false, .marks = false, .band = band};
  const nas::Attainment& a = *method.attainment;
  const Stairs quarter(a.quarter, comparison.objectives), median(a.median, comparison.objectives),
      rest(a.three_quarters, comparison.objectives);
  std::vector<double> xs;
  for (const nas::Surface* const surface : {&a.quarter, &a.median, &a.three_quarters}) {
    for (const auto& corner : *surface) xs.push_back(corner[1]);
  }
  std::ranges::sort(xs);
  xs.erase(std::unique(xs.begin(), xs.end()), xs.end());
  if (comparison.objectives[1].direction == Direction::maximise) std::ranges::reverse(xs);
  const double unit_x = unit_of(comparison, 1), unit_y = unit_of(comparison, 0);
  std::optional<Point> last;
  for (const double x : xs) {
    const auto low = rest.at(x), middle = median.at(x), high = quarter.at(x);
    if (!low || !middle || !high) continue;
    const Point now{.x = x / unit_x,
                    .y = *middle / unit_y,
                    .low = std::min(*low, *high) / unit_y,
                    .high = std::max(*low, *high) / unit_y};
    if (last) {  // the step: as high as before, up to here
      last->x = now.x;
      line.points.push_back(*last);
    }
    line.points.push_back(now);
    last = now;
  }
  return line;
}

/// The corners of what any run reached.
Line front_line(const Method& method, const nas::Comparison& comparison) {
  Line line{.name = method.strategy};
  std::vector<std::vector<double>> values;
  for (std::size_t r = 0; r < method.runs.size(); ++r) {
    const nas::SearchRun& run = comparison.runs[method.runs[r]];
    for (const std::size_t i : method.landmarks[r].front) {
      values.push_back(run.evaluations[i].objectives(comparison.objectives));
    }
  }
  const std::vector<search::Objectives> all{
      {directions_of(comparison.objectives), std::move(values)}};
  for (const auto& [y, x] : search::attainment_surface(all, 1)) {
    line.points.push_back(point_at(comparison, y, x));
  }
  std::ranges::sort(line.points, {}, &Point::x);
  return line;
}

Picture<LineChart> scatter(const EcnasResults& results) {
  LineChart chart{.title = "What there is, and the best that each strategy found",
                  .x_title = axis_title(results, 1),
                  .y_title = axis_title(results, 0),
                  .lines = {}};
  for (const Method& method : results.comparison.methods) {
    chart.lines.push_back(front_line(method, results.comparison));
  }
  Line all{.name = results.everything.empty() ? "all evaluations" : "all of the table",
           .points = {},
           .faint = true};
  const auto add = [&](const std::vector<double>& values) {
    all.points.push_back(point_at(results.comparison, values[0], values[1], true));
  };
  for (const std::vector<double>& values : results.everything) add(values);
  if (results.everything.empty()) {
    for (const nas::SearchRun& run : results.comparison.runs) {
      for (const nas::SearchEvaluation& evaluation : run.evaluations) {
        if (evaluation.valid()) add(evaluation.objectives(results.comparison.objectives));
      }
    }
  }
  chart.lines.push_back(std::move(all));
  return {"scatter",
          "Each grey dot is a training. The lines join what no other point of any of a strategy's "
          "runs beats.",
          std::move(chart)};
}

template <class Curve>
LineChart volume_chart(const EcnasResults& results, std::string title, std::string x_title,
                       Curve&& curve) {
  const std::optional<double> whole = results.comparison.whole;
  LineChart chart{.title = std::move(title),
                  .x_title = std::move(x_title),
                  .y_title = whole ? "hypervolume, % of the whole" : "hypervolume",
                  .lines = {},
                  .log_x = true};
  const double unit = whole ? *whole / 100 : 1;
  for (const Method& method : results.comparison.methods) {
    if (method.sampler.empty()) continue;  // exhaustive: the order says nothing
    Line line{.name = method.strategy,
              .points = {},
              .dashed = false,
              .marks = false,
              .band = method.runs.size() > 1};
    for (const nas::CurvePoint& point : curve(method)) {
      line.points.push_back({.x = point.x,
                             .y = point.volume.median / unit,
                             .low = point.volume.low / unit,
                             .high = point.volume.high / unit});
    }
    chart.lines.push_back(std::move(line));
  }
  return chart;
}

}  // namespace

std::vector<Picture<LineChart>> ecnas_charts(const EcnasResults& results) {
  const nas::Comparison& comparison = results.comparison;
  std::vector<Picture<LineChart>> charts;
  if (comparison.objectives.size() == 2) {
    charts.push_back(scatter(results));
    LineChart surfaces{.title = "Median attainment surfaces",
                       .x_title = axis_title(results, 1),
                       .y_title = axis_title(results, 0),
                       .lines = {}};
    for (const Method& method : comparison.methods) {
      surfaces.lines.push_back(attainment_line(method, comparison, method.runs.size() > 1));
    }
    charts.push_back({"attainment",
                      "Half of a strategy's runs reached what is on its line or better; three "
                      "quarters the lower edge of the band, a quarter the upper one.",
                      std::move(surfaces)});
  }
  const std::string over = ": the median over the runs, and between the quartiles.";
  charts.push_back({"volume-evaluations", "Hypervolume after so many evaluations" + over,
                    volume_chart(results, "Hypervolume over evaluations", "evaluations",
                                 [](const Method& m) { return m.over_evaluations; })});
  charts.push_back(
      {"volume-joules",
       "Hypervolume after the trainings asked for would have taken so much energy" + over,
       volume_chart(results, "Hypervolume over energy",
                    "energy of all trainings so far, " + results.where_energy + " kJ",
                    [](const Method& m) {
                      std::vector<nas::CurvePoint> curve = m.over_joules;
                      for (nas::CurvePoint& point : curve) point.x /= 1000;
                      return curve;
                    })});
  return charts;
}

Picture<RadarChart> ecnas_radar(const EcnasResults& results) {
  struct Direction4 {
    const char* title;
    const char* metric;
  };
  constexpr Direction4 kDirections[] = {{"training time", nas::kTrainingTime},
                                        {"error", nas::kValidationAccuracy},
                                        {"energy", nas::kEnergy},
                                        {"parameters", nas::kParameters}};
  RadarChart chart{.title = "The knees", .directions = {}, .things = {}};
  std::vector<std::vector<double>> means(results.comparison.methods.size());
  for (const Direction4& direction : kDirections) {
    std::vector<double> of_methods;
    for (const Method& method : results.comparison.methods) {
      double sum = 0, count = 0;
      for (std::size_t r = 0; r < method.runs.size(); ++r) {
        const auto* const e = ecnas_mark(results.comparison, method, r, EcnasMark::bend);
        const auto number = e ? e->number(direction.metric) : std::nullopt;
        if (!number) continue;
        sum +=
            direction.metric == std::string_view(nas::kValidationAccuracy) ? 1 - *number : *number;
        ++count;
      }
      if (count > 0) of_methods.push_back(sum / count);
    }
    if (of_methods.size() < means.size()) continue;
    const double largest = std::ranges::max(of_methods);
    if (!(largest > 0)) continue;
    chart.directions.emplace_back(direction.title);
    for (std::size_t m = 0; m < means.size(); ++m) means[m].push_back(of_methods[m] / largest);
  }
  for (std::size_t m = 0; m < means.size(); ++m) {
    chart.things.push_back({results.comparison.methods[m].strategy, means[m]});
  }
  return {"radar",
          "The points of the largest bend, in the mean over the runs, as shares of the strategy "
          "that has most: less is better in each direction.",
          std::move(chart)};
}

std::vector<Picture<HeatMap>> ecnas_heat_maps(const EcnasResults& results) {
  std::vector<Picture<HeatMap>> maps;
  for (const nas::SwapTable& table : results.swaps) {
    const bool absolute = table.metric.ends_with("accuracy");
    HeatMap map{.title = str("One operation for another: ", table.metric),
                .row_title = "from",
                .column_title = "to",
                .rows = {},
                .columns = {},
                .cells = {}};
    for (int from = 0; from < nas::kCellOps; ++from) {
      map.rows.emplace_back(name(static_cast<nas::CellOp>(from)));
      map.columns.emplace_back(name(static_cast<nas::CellOp>(from)));
      auto& row = map.cells.emplace_back();
      for (int to = 0; to < nas::kCellOps; ++to) {
        const nas::OpSwap& swap =
            table.swaps[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
        if (swap.pairs == 0) {
          row.push_back({std::nullopt, ""});
        } else if (absolute) {
          row.push_back({swap.difference(), fmt::format("{:+.4f}", swap.difference())});
        } else {
          const auto percent = swap.percent();
          row.push_back({percent, percent ? fmt::format("{:+.1f} %", *percent) : ""});
        }
      }
    }
    std::string file = "swap-" + table.metric;
    std::ranges::replace(file, ' ', '-');
    maps.push_back({file,
                    str("What it does to ", table.metric, ", of ", results.swap_epochs,
                        " epochs, when one vertex has the operation of the column in place of that "
                        "of the row."),
                    std::move(map)});
  }
  return maps;
}

}  // namespace joule::report
