// SPDX-License-Identifier: MIT
#include "joule/study/eat/eat_trial.h"

#include <algorithm>
#include <optional>

#include "joule/core/backend/backend.h"
#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/data/loader.h"
#include "joule/data/validation.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/run_meters.h"
#include "joule/measure/pace.h"
#include "joule/search/statistics/mean.h"
#include "joule/study/eat/eat_study.h"
#include "joule/training/components.h"
#include "joule/training/energy/dataset_energy.h"
#include "joule/training/energy/metering.h"
#include "joule/training/run/counts.h"
#include "joule/training/run/run.h"

namespace joule::study {
namespace {

using training::Config;
using training::EpochMetrics;
using training::Model;
using training::RunResult;

constexpr const char* kClock = "monotonic clock";

/// The meters of a trial, which are its alone until it ends.
struct TrialMeters {
  std::shared_ptr<training::Metering> metering = training::no_metering();
  std::optional<MeterLock> lock;
};

TrialMeters open_meters(const std::string& selection, Device device, TrialContext& context) {
  TrialMeters meters{.metering = std::make_shared<training::Metering>(energy::open_run_meters(
                         selection, {.device = device, .gpu = backend(device).bus_id()}))};
  std::vector<std::string> names;
  for (const auto& meter : meters.metering->meters()) {
    if (meter->available()) names.push_back(meter->info().name + " " + meter->info().scope);
  }
  if (!names.empty()) meters.lock = context.lock_meters(names);
  return meters;
}

Value accuracy(ChosenOn images, const training::Evaluation& evaluation) {
  return counted(eat::named(eat::kAccuracy, images), 100 * evaluation.accuracy(), "%",
                 str(evaluation.images, " images"));
}

/// What was spent so far: as it was measured, and by the model.
void add_spent(std::vector<Value>& values, std::span<const EpochMetrics> epochs) {
  const training::PartEnergy spent = training::whole(training::total_energy(epochs));
  values.push_back(value_of(std::string(kEnergy), training::measured(spent).gross));
  values.push_back(value_of(std::string(kEnergy), training::modelled(spent, energy::horowitz45())));
}

std::vector<Value> report_of(std::span<const EpochMetrics> epochs) {
  const EpochMetrics& last = epochs.back();
  std::vector<Value> values{counted("training loss", last.train_loss, "", "training images"),
                            counted("penalty", last.l0_penalty, "", "training images")};
  if (last.validation_accuracy) {
    values.push_back(counted(eat::named(eat::kAccuracy, ChosenOn::validation),
                             100 * *last.validation_accuracy, "%", "held back"));
  }
  values.push_back(counted(eat::named(eat::kAccuracy, ChosenOn::test), 100 * last.test_accuracy,
                           "%", "test images"));
  if (last.relu_outputs > 0) {
    values.push_back(counted(
        eat::kDensity,
        static_cast<double>(last.relu_outputs_nonzero) / static_cast<double>(last.relu_outputs), "",
        "test images"));
  }
  values.push_back(counted("seconds", last.seconds, "s", kClock));
  values.back().quality = Quality::measured;
  add_spent(values, epochs);
  return values;
}

/// Counts a set of images for the accelerators, and gives what each profile makes of it.
void add_ratios(std::vector<Value>& values, const EatConfig& config, Model& model,
                const Dataset& images, ChosenOn which, TrialContext& context) {
  const auto energies =
      training::dataset_energies(model, images, config.asic_batch, [&] { return context.stop(); });
  if (!energies) throw Interrupted{};
  for (const training::EnergyEstimate& estimate : energies->estimates) {
    values.push_back(modelled(eat::named(eat::kRatio, which) + estimate.profile, estimate.ratio, "",
                              str(images.size(), " images in batches of ", config.asic_batch)));
    values.push_back(modelled(eat::named(eat::kEnergyImage, which) + estimate.profile,
                              estimate.optimal.value().value() / static_cast<double>(images.size()),
                              "J", estimate.optimal.source()));
  }
  if (which != ChosenOn::test) return;
  for (const training::LayerCounts& layer : energies->layers) {
    values.push_back(counted(eat::kFiring + layer.layer,
                             static_cast<double>(layer.counts.outputs_nonzero) /
                                 static_cast<double>(layer.counts.outputs),
                             "", layer.kind));
  }
}

/// MACs, density and energy of inference, of the test images.
void add_inference(std::vector<Value>& values, const RunResult& run) {
  const auto images = static_cast<double>(run.evaluation.images);
  const energy::Totals work = total_work(run.evaluation);
  const auto macs = static_cast<double>(work.work.macs);
  const std::string source = str(run.evaluation.images, " test images");
  values.push_back(counted(eat::kDensity, all_relus(run.evaluation).density(), "", source));
  values.push_back(counted(eat::kMacs, macs / images, "", source));
  values.push_back(counted(eat::kMacsExecuted,
                           (macs - static_cast<double>(work.tally.macs_skipped)) / images, "",
                           source));
  Value model = value_of(eat::kInferenceEnergy,
                         energy::horowitz45().energy(work, energy::Skipping::executed));
  *model.number /= images;
  model.low = model.high = std::nullopt;
  values.push_back(std::move(model));
  Value measured = value_of(eat::kInferenceEnergy,
                            training::measured(run.energy.epochs.back().energy.evaluation).gross);
  if (measured.number) {
    for (auto* const number : {&measured.number, &measured.low, &measured.high}) {
      if (*number) **number /= images;
    }
  }
  values.push_back(std::move(measured));
}

/// The pace of inference with and without skipping, which take turns.
void add_pace(std::vector<Value>& values, const EatConfig& config, Model& model,
              const Dataset& test, TrialContext& context) {
  const std::int64_t images = std::min(config.timing_images, test.size());
  const DataLoader loader(test.take(images), {.batch = images, .shuffle = false, .workers = 0});
  const Tensor batch = (*loader.begin()).images;
  const ContextGuard guard;
  joule::context().deterministic = false;  // as nets are used: nothing is passed over for it
  const auto pace = measure::inference_pace(model.net, batch, config.timing_rounds,
                                            config.training.seed, [&] { return context.stop(); });
  if (!pace) throw Interrupted{};
  const std::string how = str(" of ", config.timing_rounds, " rounds of ", images, " images, ",
                              context.threads(), " threads, ", kClock);
  const std::string source = "median" + how;
  values.push_back(measured(eat::kInferenceTime, pace->skipping.median, "s", source));
  values.push_back(measured(eat::kDenseInferenceTime, pace->dense.median, "s", source));
  const search::Mean ratio = search::mean_interval(pace->ratios);
  Value speed_up = measured(eat::kSpeedUp, ratio.mean, "", "mean of the ratios" + how);
  speed_up.low = ratio.interval->low;
  speed_up.high = ratio.interval->high;
  values.push_back(std::move(speed_up));
  for (const measure::LayerPace& layer : pace->layers) {
    values.push_back(measured(eat::kLayerTime + layer.layer, layer.skipping, "s", kClock));
    values.push_back(measured(eat::kDenseLayerTime + layer.layer, layer.dense, "s", kClock));
  }
}

}  // namespace

DataSplit eat_data(const EatConfig& config) {
  DataSplit data = training::load_data(config.training);
  if (config.training.limit > 0) {
    data.train = data.train.take(config.training.limit);
    data.test = data.test.take(config.training.limit);
  }
  return data;
}

std::vector<Value> run_eat_trial(const EatConfig& study, const DataSplit& data, const Trial& trial,
                                 TrialContext& context) {
  Config config = training_at(study, trial.point);
  config.threads = 0;  // the trial's share: one that was interrupted may go on with another
  const Device device = training::device(config);
  const ContextGuard guard;  // what is evaluated behind the training runs as it did
  joule::context().deterministic = config.deterministic;
  joule::context().precision = training::precision(config);
  const TrialMeters meters = open_meters(study.meter, device, context);

  std::vector<EpochMetrics> epochs;
  training::Hooks hooks;
  hooks.stop = [&] { return context.stop(); };
  const auto tell = [&](const training::RunEnergy& run) {
    if (run.epochs.size() <= epochs.size()) return;  // the same epochs, another checkpoint
    epochs = run.epochs;
    context.report(epochs.back().epoch, report_of(epochs));
  };
  const auto run = training::run_in_folder(context.folder(), config, training::Existing::resume,
                                           hooks, {.energy = {.metering = meters.metering}}, tell);
  if (!run) throw Interrupted{};

  Model model = training::load_model(context.folder());
  model.net.to(device);
  std::vector<Value> values{accuracy(ChosenOn::test, run->evaluation)};
  const Dataset test = model.prepare(data.test);
  if (study.chosen_on() == ChosenOn::validation) {
    const Dataset held =
        model.prepare(hold_back(data.train, config.validation, config.seed).validation);
    const auto evaluation = training::evaluate(model.net, held, {.stop = hooks.stop});
    if (!evaluation) throw Interrupted{};
    values.push_back(accuracy(ChosenOn::validation, *evaluation));
    add_ratios(values, study, model, held, ChosenOn::validation, context);
  }
  add_ratios(values, study, model, test, ChosenOn::test, context);
  add_inference(values, *run);
  values.push_back(measured(eat::kTrainingTime, run->seconds, "s",
                            str(kClock, ", ", context.threads(), " threads")));
  add_pace(values, study, model, test, context);
  add_spent(values, run->energy.epochs);
  return values;
}

}  // namespace joule::study
