// SPDX-License-Identifier: MIT
#include "joule/study/layers/layers_trial.h"

#include <algorithm>
#include <iterator>

#include "joule/core/error.h"
#include "joule/data/validation.h"
#include "joule/energy/models/cost_model.h"
#include "joule/measure/profile_run.h"
#include "joule/study/layers/layers_study.h"
#include "joule/study/training_trial.h"
#include "joule/training/energy/run_energy.h"

namespace joule::study {
namespace {

using energy::Ledger;

/// How much more of it there was in the whole training than in the probe.
struct Scale {
  double images = 1;  // of forward and backward passes
  double steps = 1;   // of updates

  double of(const Ledger::Line& line) const {
    return line.run.scope.phase == Phase::update ? steps : images;
  }
};

/// What a layer took in the whole training.
struct LayerCost {
  std::string layer;
  double modelled = 0, seconds = 0;
  std::optional<double> attributed{};
};

void add_training_energy(std::vector<Value>& values, const training::RunResult& run) {
  const training::PartEnergy spent = training::total_energy(run.energy.epochs).training;
  const energy::EnergySplit split = training::measured(spent);
  values.push_back(value_of(layers::kTrainingEnergy, split.gross));
  values.push_back(value_of(layers::kAboveIdle, split.dynamic));
  values.push_back(
      value_of(layers::kTrainingEnergy, training::modelled(spent, energy::horowitz45())));
}

void add_size(std::vector<Value>& values, const training::RunResult& run) {
  values.push_back(counted(layers::kMacs,
                           static_cast<double>(training::total_work(run.evaluation).work.macs) /
                               static_cast<double>(run.evaluation.images),
                           "", str(run.evaluation.images, " test images")));
  values.push_back(
      counted(layers::kParameters, static_cast<double>(run.parameters), "", "of the net"));
}

std::vector<LayerCost> costs_of(const measure::ProfileRun& probe, const energy::Attribution& shares,
                                const Scale& scale) {
  std::vector<LayerCost> costs;
  for (std::size_t i = 0; i < probe.lines.size(); ++i) {
    const Ledger::Line& line = probe.lines[i];
    const std::string layer(line.run.scope.layer.empty() ? layers::kNoLayer : line.run.scope.layer);
    auto cost = std::ranges::find(costs, layer, &LayerCost::layer);
    if (cost == costs.end()) cost = costs.insert(cost, {.layer = layer});
    const double factor = scale.of(line);
    cost->modelled +=
        factor * energy::horowitz45().energy(line, energy::Skipping::executed).value().value();
    cost->seconds += factor * 1e-9 * static_cast<double>(line.tally.nanoseconds);
    if (shares.lines[i].available()) {
      cost->attributed = cost->attributed.value_or(0) + factor * shares.lines[i].value().value();
    }
  }
  return costs;
}

Value attributed(std::string name, double number, std::string unit, std::string source) {
  Value value = measured(std::move(name), number, std::move(unit), std::move(source));
  value.quality = Quality::attributed;
  return value;
}

/// A few steps of the trained net tell where the energy of the training went.
void add_layers(std::vector<Value>& values, const LayersConfig& study, TrainingTrial& training,
                const Dataset& images, TrialContext& context) {
  const training::Config& config = training.config();
  measure::Subject subject{training.model(), {}};
  subject.images = subject.model.prepare(images);
  energy::Meter& meter = *training.metering().meters().front();
  const auto probe = measure::run_profile(subject,
                                          {.mode = measure::ProfileMode::training,
                                           .batch = std::min(config.batch, images.size()),
                                           .steps = study.probe_steps,
                                           .warmup = 1,
                                           .stop = [&] { return context.stop(); },
                                           .config = config},
                                          meter, {}, nullptr);
  if (!probe) throw Interrupted{};
  const energy::Attribution shares = energy::attribute_by_time(
      meter.info(), probe->window, training.metering().idle_power(0), probe->lines);
  const auto batches = (images.size() + config.batch - 1) / config.batch;
  std::int64_t probed = 0;
  for (std::int64_t i = 0; i < study.probe_steps; ++i) {
    const std::int64_t batch = i % std::min(study.probe_steps, batches);
    probed += std::min(config.batch, images.size() - batch * config.batch);
  }
  const Scale scale{
      .images = static_cast<double>(config.epochs * images.size()) / static_cast<double>(probed),
      .steps =
          static_cast<double>(config.epochs * batches) / static_cast<double>(study.probe_steps)};
  const std::string how = str(study.probe_steps, " steps of the trained net, scaled up");
  for (const LayerCost& cost : costs_of(*probe, shares, scale)) {
    const std::string name = layers::kLayerEnergy + cost.layer;
    values.push_back(modelled(name, cost.modelled, "J", "horowitz45, " + how));
    if (cost.attributed) {
      values.push_back(
          attributed(name, *cost.attributed, "J", meter.info().name + " by time, " + how));
    }
    values.push_back(
        attributed(layers::kLayerTime + cost.layer, cost.seconds, "s", "of operations, " + how));
  }
}

}  // namespace

std::vector<Value> run_layers_trial(const LayersConfig& study, const DataSplit& data,
                                    const Trial& trial, TrialContext& context) {
  TrainingTrial training(training_at(study, trial.point), study.meter, context,
                         energy::Seconds(study.idle));
  training.train();
  std::vector<Value> values = training.evaluation_values();
  add_training_energy(values, training.run());
  add_size(values, training.run());
  const training::Config& config = training.config();
  add_layers(values, study, training, hold_back(data.train, config.validation, config.seed).train,
             context);
  std::ranges::move(training.spent_values(), std::back_inserter(values));
  return values;
}

}  // namespace joule::study
