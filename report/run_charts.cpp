// SPDX-License-Identifier: MIT
#include "joule/report/run_charts.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "joule/energy/models/cost_model.h"
#include "joule/training/run/choice.h"

namespace joule::report {
namespace {

using energy::Figure;
using energy::Joules;
using training::EpochFigures;
using training::EpochMetrics;

bool available(const Figure<Joules>& figure) { return figure.available(); }

/// One value of each epoch.
template <class Value>
Line by_epoch(std::string name, const TrainingRun& run, Value&& value) {
  Line line{.name = std::move(name)};
  for (const EpochMetrics& m : run.energy.epochs) {
    const double y = value(m);
    line.points.push_back({static_cast<double>(m.epoch), y, y, y});
  }
  return line;
}

/// Whole epochs alone, so that no tick stands between two.
std::vector<Tick> epoch_ticks(const TrainingRun& run) {
  std::vector<Tick> ticks;
  for (const EpochMetrics& m : run.energy.epochs) {
    ticks.emplace_back(static_cast<double>(m.epoch), std::to_string(m.epoch));
  }
  return ticks;
}

/// Training, test and validation of every epoch, by one kind of energy.  Of several epochs that are
/// one point, the mean.
template <class Energy>
BarChart energy_chart(const TrainingRun& run, const char* title, const char* value_title,
                      Energy&& energy) {
  double largest = 0;
  std::vector<std::optional<double>> training, test, validation;
  const auto per_epoch = [&](const EpochMetrics& m, const training::PartEnergy& part) {
    const Figure<Joules> figure = energy(part);
    if (!figure.available()) return std::optional<double>();
    const double joules = figure.value().value() / static_cast<double>(1 + m.merged.count);
    largest = std::max(largest, joules);
    return std::optional(joules);
  };
  for (const EpochMetrics& m : run.energy.epochs) {
    training.push_back(per_epoch(m, m.energy.training));
    test.push_back(per_epoch(m, m.energy.evaluation));
    validation.push_back(per_epoch(m, m.energy.validation));
  }
  const Scale scale = scale_for(largest, "J");
  BarChart chart{.title = title,
                 .value_title = fmt::format("{}, {}", value_title, scale.unit),
                 .category_title = "epoch",
                 .stacked = true};
  for (auto* values : {&training, &test, &validation}) {
    for (auto& value : *values) {
      if (value) *value *= scale.factor;
    }
  }
  for (const EpochMetrics& m : run.energy.epochs) chart.categories.push_back(label(m));
  chart.groups.push_back({.name = "training steps", .values = std::move(training), .color = 3});
  chart.groups.push_back({.name = "test", .values = std::move(test), .color = 6});
  if (best_epoch(run.energy.epochs)) {
    chart.groups.push_back({.name = "validation", .values = std::move(validation), .color = 5});
  }
  return chart;
}

/// By the validation images, with the front; without them by the test images, without one.
LineChart accuracy_chart(const TrainingRun& run, const char* what, const EpochFigures& spent,
                         const Scale& scale) {
  const std::vector<EpochMetrics>& epochs = run.energy.epochs;
  const bool validated = best_epoch(epochs).has_value();
  LineChart chart{
      .title = fmt::format("{} accuracy against the energy spent ({})",
                           validated ? "Validation" : "Test", what),
      .x_title = fmt::format("energy of all epochs until then ({}), {}", what, scale.unit),
      .y_title = validated ? "validation accuracy, %" : "test accuracy, %"};
  const auto point = [&](double joules, double accuracy) {
    return Point{scale.factor * joules, 100 * accuracy, 100 * accuracy, 100 * accuracy};
  };
  if (validated) {  // the first line lies on top
    Line& front = chart.lines.emplace_back(Line{.name = "front", .points = {}, .dashed = true});
    for (const training::Reached& reached : accuracy_front(epochs, spent)) {
      front.points.push_back(point(reached.spent.value().value(), reached.validation_accuracy));
    }
  }
  Line& all = chart.lines.emplace_back(Line{.name = "after each epoch", .points = {}});
  for (std::size_t i = 0; i < spent.size(); ++i) {
    if (!spent[i].available()) continue;
    const double accuracy = epochs[i].validation_accuracy.value_or(epochs[i].test_accuracy);
    all.points.push_back(point(spent[i].value().value(), accuracy));
  }
  return chart;
}

}  // namespace

Spending measured_spending(const TrainingRun& run) {
  return {"measured, gross", training::kMeasured, measured_energies(run.energy.epochs)};
}

Spending modelled_spending(const TrainingRun& run) {
  const energy::CostModel& model = energy::horowitz45();
  return {"modelled, horowitz45", model.name, modelled_energies(run.energy.epochs, model)};
}

Spending spending(const TrainingRun& run) {
  Spending measured = measured_spending(run);
  return std::ranges::all_of(measured.epochs, available) ? measured : modelled_spending(run);
}

Joules sum_of(const EpochFigures& figures) {
  Joules sum;
  for (const auto& figure : figures) sum += figure.value();
  return sum;
}

std::string label(const EpochMetrics& m) {
  if (m.merged.count == 0) return std::to_string(m.epoch);
  return fmt::format("{}–{}", m.epoch - m.merged.count, m.epoch);
}

double density(const EpochMetrics& m) {
  if (m.relu_outputs == 0) return 0;
  return 100 * static_cast<double>(m.relu_outputs_nonzero) / static_cast<double>(m.relu_outputs);
}

std::vector<LineChart> accuracy_charts(const TrainingRun& run) {
  const std::vector<EpochMetrics>& epochs = run.energy.epochs;
  std::vector<LineChart> charts;
  for (const auto& [what, spent] :
       {std::pair("measured, gross", spent_until(epochs)),
        std::pair("modelled, horowitz45", spent_until(epochs, energy::horowitz45()))}) {
    double most = 0;
    for (const auto& figure : spent) most = figure.available() ? figure.value().value() : most;
    if (std::ranges::none_of(spent, available)) continue;
    charts.push_back(accuracy_chart(run, what, spent, scale_for(most, "J")));
  }
  return charts;
}

std::vector<LineChart> learning_charts(const TrainingRun& run) {
  LineChart loss{.title = "Loss", .x_title = "epoch", .y_title = "mean cross-entropy"};
  loss.lines = {by_epoch("training", run, [](const auto& m) { return m.train_loss; }),
                by_epoch("test", run, [](const auto& m) { return m.test_loss; })};
  const bool validated = best_epoch(run.energy.epochs).has_value();
  if (validated) {
    loss.lines.push_back(
        by_epoch("validation", run, [](const auto& m) { return *m.validation_loss; }));
  }
  if (is_penalised(run.config)) {
    loss.lines.push_back(
        by_epoch("L0 penalty, lambda included", run, [](const auto& m) { return m.l0_penalty; }));
  }
  LineChart accuracy{.title = "Accuracy", .x_title = "epoch", .y_title = "right classes, %"};
  accuracy.lines = {by_epoch("training", run, [](const auto& m) { return 100 * m.train_accuracy; }),
                    by_epoch("test", run, [](const auto& m) { return 100 * m.test_accuracy; })};
  if (validated) {
    accuracy.lines.push_back(
        by_epoch("validation", run, [](const auto& m) { return 100 * *m.validation_accuracy; }));
  }
  LineChart nonzero{.title = "Non-zero activations",
                    .x_title = "epoch",
                    .y_title = "ReLU outputs that are not 0, %",
                    .lines = {by_epoch("test images", run, density)},
                    .zero_y = true};
  std::vector charts{loss, accuracy};
  if (run.energy.epochs.back().relu_outputs > 0) charts.push_back(nonzero);
  for (LineChart& chart : charts) chart.x_ticks = epoch_ticks(run);
  return charts;
}

std::vector<BarChart> energy_charts(const TrainingRun& run) {
  std::vector<BarChart> charts;
  if (std::ranges::any_of(measured_spending(run).epochs, available)) {
    charts.push_back(energy_chart(run, "Measured energy per epoch", "gross energy",
                                  [](const auto& part) { return training::measured(part).gross; }));
  }
  charts.push_back(energy_chart(
      run, "Modelled energy per epoch", "horowitz45, as executed",
      [](const auto& part) { return training::modelled(part, energy::horowitz45()); }));
  return charts;
}

LineChart prediction_chart(std::span<const training::Prediction> predictions, const Spending& spent,
                           const TrainingRun& run) {
  double most = sum_of(spent.epochs).value();
  for (const auto& p : predictions) most = std::max(most, p.energy.value());
  const Scale scale = scale_for(most, "J");
  LineChart chart{
      .title = fmt::format("Predicted energy of all {} epochs ({})", run.config.epochs, spent.what),
      .x_title = "predicted after epoch",
      .y_title = "energy, " + scale.unit,
      .lines = {{.name = "prediction, with its 95 % interval"}}};
  for (const auto& p : predictions) {
    const double y = scale.factor * p.energy.value(), width = scale.factor * p.half_width.value();
    const auto x = static_cast<double>(p.after_epoch);
    chart.lines[0].points.push_back({x, y, y - width, y + width});
    chart.x_ticks.emplace_back(x, std::to_string(p.after_epoch));
  }
  if (run.result) chart.reference = scale.factor * sum_of(spent.epochs).value();
  return chart;
}

LineChart power_chart(const TrainingRun& run) {
  struct OfMeter {
    double now = 0;
    std::vector<Stretch> training, validation, test;
  };
  std::map<std::string, OfMeter> meters;
  bool beside = false;  // is one of them
  const auto take = [&](const training::PartEnergy& part, std::vector<Stretch> OfMeter::*to) {
    for (const energy::WindowSum& sum : part.measured) {
      const energy::Measurement m = measure(sum);
      beside = beside || !sum.beside.empty();
      OfMeter& meter = meters[m.power.source() + (sum.beside.empty() ? "" : ", not in the sum")];
      const double begin =
          std::exchange(meter.now, meter.now + 1e-9 * static_cast<double>(sum.nanoseconds));
      if (!m.power.available()) continue;
      const energy::Watts width = m.power.uncertainty().value_or(energy::Watts());
      (meter.*to).push_back({begin, meter.now, m.power.value().value(), width.value()});
    }
  };
  for (const EpochMetrics& m : run.energy.epochs) {
    take(m.energy.training, &OfMeter::training);
    take(m.energy.validation, &OfMeter::validation);
    take(m.energy.evaluation, &OfMeter::test);
  }
  LineChart chart{.title = "Power over time",
                  .x_title = "time in the meters' windows, s",
                  .y_title = "mean power of a window, W",
                  .zero_y = true};
  const bool several = meters.size() > 1 || beside;
  for (const auto& [source, meter] : meters) {
    const std::string of = several ? ", " + source : "";
    if (!meter.training.empty()) chart.lines.push_back(stretches("training" + of, meter.training));
    if (!meter.test.empty()) chart.lines.push_back(stretches("test" + of, meter.test));
    if (!meter.validation.empty()) {
      chart.lines.push_back(stretches("validation" + of, meter.validation));
    }
  }
  return chart;
}

}  // namespace joule::report
