// SPDX-License-Identifier: MIT
#include "joule/report/compare/charts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <set>

#include "joule/core/error.h"

namespace joule::report {
namespace {

struct Curve {
  const char* quantity;  // its key
  const char* title;
  const char* y_title;
  bool zero_y = false;
};

constexpr Curve kCurves[] = {
    {"train_loss", "Training loss", "mean cross-entropy"},
    {"validation_loss", "Validation loss", "mean cross-entropy"},
    {"test_loss", "Test loss", "mean cross-entropy"},
    {"validation_accuracy", "Validation accuracy", "right classes, %"},
    {"test_accuracy", "Test accuracy", "right classes, %"},
    {"nonzero_activations", "Non-zero activations", "ReLU outputs that are not 0, %", true},
};

/// Of one epoch of each of the runs; none if one has no such value.
std::optional<Point> point_of(const Quantity& quantity, const Comparison& c,
                              const std::vector<std::size_t>& runs, std::size_t epoch) {
  std::vector<double> values;
  for (const std::size_t run : runs) {
    const Amount amount = amount_of(quantity, std::span(c.runs[run].epochs).subspan(epoch, 1));
    if (!amount.value) return {};
    values.push_back(*amount.value);
  }
  const search::Mean mean = search::mean_interval(values);
  const auto x = static_cast<double>(epoch + 1);
  if (!mean.interval) return Point{x, mean.mean, mean.mean, mean.mean};
  // Student's interval knows nothing of the ends that shares and losses have.
  const double most = quantity.unit == "%" ? 100 : std::numeric_limits<double>::max();
  return Point{x, mean.mean, std::max(mean.interval->low, 0.0),
               std::min(mean.interval->high, most)};
}

std::string capitalised(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

/// Every n-th epoch, and the last.
Line curve(std::string name, const Quantity& quantity, const Comparison& c,
           const std::vector<std::size_t>& runs, std::size_t epochs) {
  Line line{.name = std::move(name)};
  const std::size_t every = (epochs + kMostCurvePoints - 1) / kMostCurvePoints;
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    if ((epoch + 1) % every != 0 && epoch + 1 != epochs) continue;
    if (const auto point = point_of(quantity, c, runs, epoch)) line.points.push_back(*point);
  }
  return line;
}

LineChart curve_chart(const Curve& of, const Comparison& c) {
  LineChart chart{
      .title = of.title, .x_title = "epoch", .y_title = of.y_title, .zero_y = of.zero_y};
  const std::size_t q = quantity_of(of.quantity);
  const Quantity& quantity = quantities()[q];
  for (const Group& group : c.groups) {  // one line each, so that colours mean groups
    const GroupFigure& figure = group.figures[q];
    const std::string n = figure.runs.size() > 1 ? str(", n = ", figure.runs.size()) : "";
    chart.lines.push_back(
        curve(group.name + n, quantity, c, figure.runs, static_cast<std::size_t>(group.epochs)));
  }
  for (const Group& group : c.groups) {
    for (const std::size_t run : group.runs) {
      const std::vector<std::size_t>& shown = group.counted;
      if (std::ranges::find(shown, run) != shown.end()) continue;
      Line& line = chart.lines.emplace_back(curve(c.runs[run].name + ", not finished", quantity, c,
                                                  {run}, c.runs[run].epochs.size()));
      line.dashed = true;
    }
  }
  return chart;
}

/// Whole epochs alone, so that no tick stands between two.
void set_epoch_ticks(LineChart& chart) {
  std::set<double> epochs;
  for (const Line& line : chart.lines) {
    for (const Point& point : line.points) epochs.insert(point.x);
  }
  for (const double epoch : epochs) chart.x_ticks.emplace_back(epoch, fmt::format("{:.0f}", epoch));
}

Scale scale_of(const AccuracyEnergy& found, const Comparison& c) {
  double most = 0;
  for (const std::size_t g : found.groups) {
    most = std::max(most, c.groups[g].figures[found.energy].mean->mean);
  }
  return scale_for(most, "J");
}

}  // namespace

std::vector<LineChart> curve_charts(const Comparison& c) {
  std::vector<LineChart> charts;
  for (const Curve& of : kCurves) {
    LineChart chart = curve_chart(of, c);
    if (std::ranges::all_of(chart.lines, [](const Line& l) { return l.points.empty(); })) continue;
    set_epoch_ticks(chart);
    charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<LineChart> front_charts(const Comparison& c) {
  std::vector<LineChart> charts;
  for (const AccuracyEnergy& found : c.fronts) {
    const Quantity& accuracy = quantities()[found.accuracy];
    const Quantity& energy = quantities()[found.energy];
    const Scale scale = scale_of(found, c);
    LineChart chart{.title = capitalised(str(accuracy.name, " against ", energy.name)),
                    .x_title = str(energy.name, " of the training, ", scale.unit),
                    .y_title = accuracy.name + ", %"};
    const auto point_of_group = [&](std::size_t g) {
      const search::Mean& reached = *c.groups[g].figures[found.accuracy].mean;
      const auto interval = reached.interval.value_or(search::Interval{reached.mean, reached.mean});
      return Point{scale.factor * c.groups[g].figures[found.energy].mean->mean, reached.mean,
                   interval.low, interval.high};
    };
    for (std::size_t g = 0; g < c.groups.size(); ++g) {
      Line& line = chart.lines.emplace_back(Line{.name = c.groups[g].name, .points = {}});
      if (std::ranges::find(found.groups, g) != found.groups.end()) {
        line.points.push_back(point_of_group(g));
      }
    }
    if (found.front) {
      Line& front = chart.lines.emplace_back(
          Line{.name = "front", .points = {}, .dashed = true, .marks = false});
      for (const std::size_t g : *found.front) {
        Point point = point_of_group(g);
        point.low = point.high = point.y;  // the group's own point has the bar
        front.points.push_back(point);
      }
    }
    charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<BarChart> energy_bars(const Comparison& c) {
  std::vector<BarChart> charts;
  for (const AccuracyEnergy& found : c.fronts) {
    const Quantity& energy = quantities()[found.energy];
    const Scale scale = scale_of(found, c);
    BarChart chart{.title = capitalised(energy.name + " of the training"),
                   .value_title = str(energy.name, ", ", scale.unit),
                   .groups = {{.name = "mean", .values = {}, .spreads = {}}},
                   .lying = true};
    for (const std::size_t g : found.groups) {
      const search::Mean& spent = *c.groups[g].figures[found.energy].mean;
      chart.categories.push_back(str(c.groups[g].name, ", n = ", spent.n));
      chart.groups[0].values.emplace_back(scale.factor * spent.mean);
      chart.groups[0].spreads.push_back(
          spent.interval ? std::optional(Range{scale.factor * spent.interval->low,
                                               scale.factor * spent.interval->high})
                         : std::nullopt);
    }
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace joule::report
