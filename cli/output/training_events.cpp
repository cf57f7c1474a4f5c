// SPDX-License-Identifier: MIT
#include "joule/cli/output/training_events.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "joule/core/error.h"
#include "joule/data/loader.h"
#include "joule/energy/models/cost_model.h"
#include "joule/layers/taps.h"
#include "joule/measure/environment.h"
#include "joule/training/config_fields.h"
#include "joule/training/inference.h"

namespace joule::cli {
namespace {

using exchange::Histogram;
using exchange::StepSummary;
using training::EpochMetrics;
using training::EpochView;
using training::Existing;

/// A row of a Markdown table; its cells are on one line and have no bar that would end them.
std::string table_row(const std::string& a, const std::string& b) {
  std::string row = "|";
  for (const std::string* cell : {&a, &b}) {
    row += ' ';
    for (const char c : *cell) row += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
    row += " |";
  }
  return row + '\n';
}

std::string table_head(const std::string& a, const std::string& b) {
  return table_row(a, b) + "| --- | --- |\n";
}

std::string options_text(const training::Config& config) {
  std::string text = table_head("option", "value");
  for (const training::ConfigField& field : training::config_fields()) {
    text += table_row(field.option(), field.text(config));
  }
  return text;
}

std::string environment_text() {
  std::string text = table_head("what", "value");
  for (const auto& [what, value] : facts(measure::environment())) text += table_row(what, value);
  return text;
}

/// TensorBoard's numbers are doubles: an integer that is none stays a text.
std::variant<std::string, double, bool> hyper_parameter(const training::ConfigField& field,
                                                        const training::Config& config) {
  constexpr double kExact = 9007199254740992;  // 2^53
  return std::visit(
      [&](const auto& value) -> std::variant<std::string, double, bool> {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) {
          return value;
        } else {
          const auto number = static_cast<double>(value);
          if (std::is_integral_v<T> && std::abs(number) > kExact) return field.text(config);
          return number;
        }
      },
      field.get(config));
}

exchange::HyperParameters hyper_parameters(const training::Config& config) {
  exchange::HyperParameters all{.values = {}, .metrics = {"accuracy/test", "loss/test"}};
  for (const training::ConfigField& field : training::config_fields()) {
    if (!field.document) all.values[field.name] = hyper_parameter(field, config);
  }
  for (const energy::CostModel& model : energy::built_in_cost_models()) {
    all.metrics.push_back("joules/training/modelled_" + model.name);
  }
  return all;
}

/// A figure under a tag with its quality, so that two qualities are two curves; and how sure it is.
void add_figure(StepSummary& to, const std::string& tag, const std::string& suffix,
                const energy::Figure<energy::Joules>& figure) {
  if (!figure.available()) return;
  const std::string whole = str(tag, name(figure.quality()), suffix);
  to.scalars.push_back({whole, figure.value().value(), figure.source()});
  if (const auto width = figure.uncertainty()) {
    to.scalars.push_back({whole + "_plus_minus", width->value(), figure.source()});
  }
}

void add_joules(StepSummary& to, const std::string& part, const training::PartEnergy& energy) {
  const std::string tag = "joules/" + part + "/";
  const energy::EnergySplit split = measured(energy);
  add_figure(to, tag + "gross_", "", split.gross);
  add_figure(to, tag + "dynamic_", "", split.dynamic);
  for (const energy::CostModel& model : energy::built_in_cost_models()) {
    add_figure(to, tag, "_" + model.name, modelled(energy, model));
  }
}

StepSummary summary_of(const EpochView& view) {
  const EpochMetrics& m = view.metrics;
  StepSummary all{.scalars = {{"loss/training", m.train_loss},
                              {"loss/l0_penalty", m.l0_penalty},
                              {"loss/test", m.test_loss},
                              {"accuracy/training", m.train_accuracy},
                              {"accuracy/test", m.test_accuracy},
                              {"learning_rate", view.learning_rate},
                              {"seconds/training", m.seconds},
                              {"images_per_second/training", m.images_per_second}}};
  if (m.validation_loss) all.scalars.push_back({"loss/validation", *m.validation_loss});
  if (m.validation_accuracy) all.scalars.push_back({"accuracy/validation", *m.validation_accuracy});
  if (m.control) all.scalars.push_back({"lambda", m.control->lambda});
  for (const training::LayerDensity& relu : view.evaluation.relus) {
    all.scalars.push_back({"density/" + relu.layer, relu.density()});
  }
  add_joules(all, "training", m.energy.training);
  if (m.validation_loss) add_joules(all, "validation", m.energy.validation);
  add_joules(all, "test", m.energy.evaluation);
  return all;
}

void add_values(Histogram& to, const Tensor& tensor) {
  if (tensor.dtype() == DType::f32) to.add(tensor.to(Device::cpu).values<float>());
}

/// Of what a layer puts out, for the first batch that the net is judged by.
std::map<std::string, Histogram> outputs_of(const EpochView& view, std::int64_t batch) {
  constexpr std::int64_t kAtOnce = 16;  // images, whose outputs are all kept for a moment
  const training::Inference inference(view.net);
  const DataLoader loader(view.judged.take(std::min(batch, view.judged.size())),
                          {.batch = kAtOnce, .shuffle = false});
  std::map<std::string, Histogram> all;
  for (const Batch& images : loader) {
    TapCollector collector({.layers = TapLayers::all});
    view.net.run(images.images.to(view.net.device()));
    for (const Tap& tap : collector.take()) add_values(all[std::string(tap.layer)], tap.value);
  }
  return all;
}

void add_histogram(StepSummary& to, const std::string& tag, Histogram histogram) {
  if (histogram.not_finite() > 0) {
    to.scalars.push_back(
        {"not_finite/" + tag, static_cast<double>(histogram.not_finite()), "values, in no bucket"});
  }
  to.histograms.emplace_back(tag, std::move(histogram));
}

}  // namespace

TrainingEvents::TrainingEvents(std::string folder, const training::Config& config,
                               Existing existing)
    : folder_(std::move(folder)), config_(config), existing_(existing) {
  if (folder_.empty()) return;
  exchange::require_event_files();
  const std::vector<std::string> there = exchange::event_files(folder_);
  require(existing != Existing::refuse || there.empty(), "--tensorboard ", folder_, ": holds ",
          there.empty() ? "" : there.front(),
          " already; give each run a folder of its own, or --overwrite to hide what is there");
}

void TrainingEvents::add_to(training::Hooks& hooks) {
  if (folder_.empty()) return;
  hooks.on_evaluated = [this](const EpochView& view) { write(view); };
}

/// A run that goes on has said what it is, unless its folder is new.
void TrainingEvents::begin(std::int64_t epoch) {
  const bool goes_on = existing_ == Existing::resume && !exchange::event_files(folder_).empty();
  file_.emplace(folder_, goes_on ? epoch : 0);
  if (goes_on) return;
  file_->begin(hyper_parameters(config_));
  file_->add(0,
             {.texts = {{"options", options_text(config_)}, {"environment", environment_text()}}});
}

void TrainingEvents::write(const EpochView& view) {
  if (!file_) begin(view.metrics.epoch);
  StepSummary summary = summary_of(view);
  for (const auto& [name, tensor] : view.net.parameters()) {
    Histogram weights;
    add_values(weights, tensor);
    add_histogram(summary, "weights/" + name, std::move(weights));
  }
  for (auto& [layer, outputs] : outputs_of(view, config_.batch)) {
    add_histogram(summary, "outputs/" + layer, std::move(outputs));
  }
  const auto gross = measured(view.metrics.energy.training).gross;
  if (const std::string why = gross.available() ? "" : gross.reason(); why != unmeasured_) {
    unmeasured_ = why;
    summary.texts.emplace_back(
        "joules", why.empty()
                      ? "The energy of training is measured again."
                      : "No energy of training was measured: " + gross.source() + ": " + why);
  }
  file_->add(view.metrics.epoch, summary);
  file_->sync();
}

void TrainingEvents::finish() {
  if (!file_) return;
  file_->end();
  file_->sync();
}

}  // namespace joule::cli
