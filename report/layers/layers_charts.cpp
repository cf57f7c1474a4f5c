// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/report/layers/layers_tables.h"
#include "joule/report/study_values.h"
#include "joule/study/layers/layers_paper.h"
#include "joule/study/layers/layers_study.h"

namespace joule::report {
namespace {

using study::LayersCell;
using study::LayersMeasure;
using study::LayersResults;
using study::MeasureEffects;
using study::Quality;

std::optional<Range> range_of(const search::Mean& mean) {
  if (!mean.interval) return {};
  return Range{mean.interval->low, mean.interval->high};
}

std::vector<std::string> titles_of(const LayersResults& results) {
  std::vector<std::string> titles;
  for (const LayersCell& cell : results.cells) titles.push_back(cell.net.title());
  return titles;
}

Picture<BarChart> cost_chart(const LayersResults& results, const LayersMeasure& cost,
                             std::size_t number) {
  BarChart chart{.title = "What a net costs: " + cost.label,
                 .value_title = cost.unit,
                 .categories = titles_of(results),
                 .lying = true};
  BarGroup group{.name = cost.label};
  for (const LayersCell& cell : results.cells) {
    const study::Over* const over = cell.find(cost.value, cost.quality);
    group.values.push_back(over ? std::optional(over->mean().mean) : std::nullopt);
    group.spreads.push_back(over ? range_of(over->mean()) : std::nullopt);
  }
  chart.groups.push_back(group);
  return {str("cost-", number),
          "One training of each net: " + cost.label +
              ", in the mean over the draws; bars of spread: 95 % interval.",
          chart};
}

/// The kinds of layers of all nets, in the order in which they first come.
std::vector<std::string> kinds_of(const LayersResults& results, std::string_view prefix,
                                  Quality quality) {
  std::vector<std::string> kinds;
  for (const LayersCell& cell : results.cells) {
    for (const study::Over& kind : by_layer_kind(cell, prefix, quality)) {
      if (std::ranges::count(kinds, kind.name) == 0) kinds.push_back(kind.name);
    }
  }
  return kinds;
}

std::optional<BarChart> kind_chart(const LayersResults& results, std::string_view prefix,
                                   Quality quality, const std::string& title,
                                   const std::string& unit) {
  const std::vector<std::string> kinds = kinds_of(results, prefix, quality);
  if (kinds.empty()) return {};
  BarChart chart{.title = title,
                 .value_title = unit,
                 .categories = titles_of(results),
                 .lying = true,
                 .stacked = true};
  for (const std::string& kind : kinds) chart.groups.push_back({.name = kind});
  for (const LayersCell& cell : results.cells) {
    const auto of_cell = by_layer_kind(cell, prefix, quality);
    for (BarGroup& group : chart.groups) {
      const auto found = std::ranges::find(of_cell, group.name, &study::Over::name);
      group.values.push_back(found == of_cell.end() ? std::nullopt
                                                    : std::optional(found->mean().mean));
    }
  }
  return chart;
}

}  // namespace

std::vector<Picture<BarChart>> cost_charts(const LayersResults& results) {
  std::vector<Picture<BarChart>> charts;
  for (std::size_t i = 0; i < results.costs.size(); ++i) {
    charts.push_back(cost_chart(results, results.costs[i], i + 1));
  }
  return charts;
}

Picture<BarChart> effects_chart(const LayersResults& results) {
  BarChart chart{.title = "What the factors do", .value_title = "change, %"};
  for (const MeasureEffects& effects : results.effects) {
    if (effects.measure.unit == "%") continue;
    BarGroup group{.name = effects.measure.label};
    chart.categories.clear();
    for (const study::FactorEffect& effect : effects.factors) {
      chart.categories.push_back(str(effect.factor, " ", effect.from, " to ", effect.to));
      group.values.push_back(effect.percent ? std::optional(effect.percent->mean) : std::nullopt);
      group.spreads.push_back(effect.percent ? range_of(*effect.percent) : std::nullopt);
    }
    chart.groups.push_back(group);
  }
  const auto* const paper = study::layers_paper_effects(results.config.training.data);
  if (paper && chart.categories ==
                   std::vector<std::string>{"linear 3 to 7", "conv 1 to 4", "ReLU none to each"}) {
    chart.groups.push_back(
        {.name = "the paper, measured on a GTX 1080",
         .values = {paper->linear.percent, paper->conv.percent, paper->relu.percent}});
  }
  return {"effects",
          "From the lowest level of a factor to its highest, in the mean over the other factors; "
          "bars of spread: 95 % interval over the draws, in pairs.",
          chart};
}

std::vector<Picture<BarChart>> layer_kind_charts(const LayersResults& results) {
  namespace layers = study::layers;
  std::vector<Picture<BarChart>> charts;
  const std::string caption =
      " by kind of layer, in the mean over the draws: " + str(results.config.probe_steps) +
      " steps of the trained net, scaled to the training.";
  const auto add = [&](const char* file, std::string_view prefix, Quality quality,
                       const std::string& title, const char* unit) {
    if (auto chart = kind_chart(results, prefix, quality, title, unit)) {
      charts.push_back({file, title + caption, std::move(*chart)});
    }
  };
  add("kinds-attributed", layers::kLayerEnergy, Quality::attributed,
      "Training energy, attributed by time", "J");
  add("kinds-modelled", layers::kLayerEnergy, Quality::modelled,
      "Training energy, modelled (horowitz45)", "J");
  add("kinds-time", layers::kLayerTime, Quality::attributed, "Training time of operations", "s");
  return charts;
}

Picture<LineChart> layers_front_chart(const LayersResults& results) {
  const std::string accuracy = study::deciding_accuracy(results.config);
  LineChart chart{.title = "Accuracy over cost", .x_title = "", .y_title = accuracy + ", %"};
  const std::string caption =
      "Each point is a net, in the mean over the draws; bars: 95 % interval of the accuracy. The "
      "dashed line joins what no other net beats.";
  if (results.costs.empty()) return {"front", caption, chart};
  const LayersMeasure& cost = results.costs.front();
  chart.x_title = cost.label + ", " + cost.unit;
  const auto line_of = [&](std::string name, auto&& wanted) {
    Line line{.name = std::move(name)};
    for (const LayersCell& cell : results.cells) {
      const study::Over* const x = cell.find(cost.value, cost.quality);
      const study::Over* const y = cell.find(accuracy, Quality::counted);
      if (!wanted(cell.net) || !x || !y) continue;
      line.points.push_back(percent_mean_point(x->mean().mean, y->mean()));
      line.points.back().apart = true;
    }
    return line;
  };
  for (const std::int64_t conv : results.config.conv) {
    chart.lines.push_back(line_of(str("simple-cnn, conv ", conv), [&](const auto& net) {
      return net.in_factorial() && net.conv == conv;
    }));
  }
  for (const std::string& family : results.config.nets) {
    if (family == "simple-cnn") continue;
    chart.lines.push_back(line_of(family, [&](const auto& net) { return net.family == family; }));
  }
  Line front{.name = "front", .points = {}, .dashed = true, .marks = false};
  for (const study::LayersStep& step : results.front) {
    front.points.push_back(
        {.x = step.cost, .y = step.accuracy, .low = step.accuracy, .high = step.accuracy});
  }
  chart.lines.push_back(front);
  return {"front", caption, chart};
}

}  // namespace joule::report
