// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/report/eat/eat_tables.h"
#include "joule/report/study_values.h"
#include "joule/study/eat/eat_study.h"

namespace joule::report {
namespace {

using study::ChosenOn;
using study::EatCell;
using study::EatResults;
using study::Over;
namespace eat = study::eat;

const Over* ratio_of(const EatResults& results, const EatCell& cell) {
  return cell.find(study::trained::named(eat::kRatio, results.config.chosen_on()) +
                   study::kEatProfile);
}
const Over* accuracy_of(const EatResults& results, const EatCell& cell) {
  return cell.find(study::trained::named(study::trained::kAccuracy, results.config.chosen_on()));
}

Line sweep_line(const EatResults& results, double sigma, const auto& value) {
  Line line{.name = str("sigma ", sigma)};
  for (const EatCell& cell : results.cells) {
    if (cell.sigma != sigma) continue;
    if (const Over* const over = value(cell)) {
      line.points.push_back(over->unit == "%" ? percent_mean_point(*cell.lambda, over->mean())
                                              : mean_point(*cell.lambda, over->mean()));
    }
  }
  std::ranges::sort(line.points, {}, &Point::x);
  return line;
}

}  // namespace

Picture<LineChart> front_chart(const EatResults& results) {
  const ChosenOn images = results.config.chosen_on();
  LineChart chart{.title = "Accuracy over energy",
                  .x_title = str("E_opt / E_worst, ", study::kEatProfile, ", ", name(images)),
                  .y_title = str(name(images), " accuracy, %")};
  const auto add = [&](Line& line, const EatCell& cell) {
    const Over* const ratio = ratio_of(results, cell);
    const Over* const accuracy = accuracy_of(results, cell);
    if (!ratio || !accuracy) return;
    line.points.push_back(percent_mean_point(ratio->mean().mean, accuracy->mean()));
    line.points.back().apart = true;
  };
  Line standard{.name = "standard"};
  add(standard, results.standard());
  chart.lines.push_back(standard);
  for (const double sigma : results.config.sigmas) {
    Line line{.name = str("EAT, sigma ", sigma)};
    for (const EatCell& cell : results.cells) {
      if (cell.sigma == sigma) add(line, cell);
    }
    chart.lines.push_back(line);
  }
  Line front{.name = "front", .dashed = true, .marks = false};
  for (const std::size_t cell : results.front) add(front, results.cells[cell]);
  for (Point& point : front.points)
    point = {.x = point.x, .y = point.y, .low = point.y, .high = point.y};
  std::ranges::sort(front.points, {}, &Point::x);
  chart.lines.push_back(front);
  return {"front",
          "Each point is a lambda with a sigma, in the mean over the seeds; bars: 95 % interval of "
          "the accuracy. The dashed line joins what no other point beats.",
          chart};
}

Picture<BarChart> firing_chart(const EatResults& results) {
  BarChart chart{.title = "Firing by layer", .value_title = "non-zero outputs, %", .lying = true};
  const std::string prefix = eat::kFiring;
  for (const Over& over : results.standard().values) {
    if (over.name.starts_with(prefix) && !over.numbers.empty()) {
      chart.categories.push_back(over.name.substr(prefix.size()) + " (" + over.source + ")");
    }
  }
  const auto add = [&](const char* name, const EatCell& cell) {
    BarGroup group{.name = name};
    for (const Over& over : results.standard().values) {
      if (!over.name.starts_with(prefix) || over.numbers.empty()) continue;
      const Over* const firing = cell.find(over.name);
      group.values.push_back(firing ? std::optional(100 * firing->mean().mean) : std::nullopt);
    }
    chart.groups.push_back(group);
  };
  add("standard", results.standard());
  if (results.paper.cell) add("EAT, paper's rule", results.cells[*results.paper.cell]);
  if (results.ours.cell && results.ours.cell != results.paper.cell) {
    add("EAT, within 1 point", results.cells[*results.ours.cell]);
  }
  return {"firing",
          "What each layer puts out on the test images that is not zero (the paper's figures 1 and "
          "2), in the mean over the seeds.",
          chart};
}

std::vector<Picture<LineChart>> ablation_charts(const EatResults& results) {
  const std::string images(name(results.config.chosen_on()));
  LineChart accuracy{.title = "Accuracy over lambda",
                     .x_title = "lambda",
                     .y_title = images + " accuracy, %",
                     .log_x = true};
  LineChart ratio{.title = "Energy ratio over lambda",
                  .x_title = "lambda",
                  .y_title = str("E_opt / E_worst, ", study::kEatProfile),
                  .log_x = true};
  for (const double sigma : results.config.sigmas) {
    accuracy.lines.push_back(sweep_line(
        results, sigma, [&](const EatCell& cell) { return accuracy_of(results, cell); }));
    ratio.lines.push_back(
        sweep_line(results, sigma, [&](const EatCell& cell) { return ratio_of(results, cell); }));
  }
  if (const Over* const over = accuracy_of(results, results.standard())) {
    accuracy.reference = over->mean().mean;
  }
  if (const Over* const over = ratio_of(results, results.standard())) {
    ratio.reference = over->mean().mean;
  }
  const std::string caption =
      " as lambda and sigma vary (the paper's figure 3); the rule is standard training.";
  return {{"lambda-accuracy", "Accuracy" + caption, accuracy},
          {"lambda-ratio", "Energy ratio" + caption, ratio}};
}

Picture<BarChart> layer_time_chart(const EatResults& results) {
  const EatCell& cell = results.cells[results.ours.cell.value_or(0)];
  BarChart chart{.title = "Time of inference by layer, " + cell.title(),
                 .value_title = "us per image",
                 .lying = true};
  BarGroup dense{.name = "no zero skipped"}, skipping{.name = "zeros skipped"};
  const std::string prefix = eat::kLayerTime;
  for (const Over& over : cell.values) {
    if (!over.name.starts_with(prefix) || over.numbers.empty()) continue;
    const std::string layer = over.name.substr(prefix.size());
    const Over* const without = cell.find(eat::kDenseLayerTime + layer);
    chart.categories.push_back(layer);
    skipping.values.push_back(1e6 * over.mean().mean);
    dense.values.push_back(without ? std::optional(1e6 * without->mean().mean) : std::nullopt);
  }
  chart.groups = {dense, skipping};
  return {"layer-time",
          "Where skipping saves time. An operation that does the work of two layers, as a "
          "convolution with the ReLU behind it, counts for the first.",
          chart};
}

Picture<BarChart> speed_chart(const EatResults& results) {
  BarChart chart{.title = "Time of inference", .value_title = "us per image"};
  BarGroup dense{.name = "no zero skipped"}, skipping{.name = "zeros skipped"};
  const auto add = [&](const std::string& name, const EatCell& cell) {
    const Over* const with = cell.find(eat::kInferenceTime);
    const Over* const without = cell.find(eat::kDenseInferenceTime);
    if (!with || !without) return;
    chart.categories.push_back(name);
    dense.values.push_back(1e6 * without->mean().mean);
    skipping.values.push_back(1e6 * with->mean().mean);
  };
  add("standard", results.standard());
  if (results.ours.cell) add("EAT, within 1 point", results.cells[*results.ours.cell]);
  if (results.paper.cell && results.paper.cell != results.ours.cell) {
    add("EAT, paper's rule", results.cells[*results.paper.cell]);
  }
  chart.groups = {dense, skipping};
  return {"time",
          "The same net, with Joule's implementations that skip zeros and without them, in turns: "
          "medians, in the mean over the seeds.",
          chart};
}

}  // namespace joule::report
