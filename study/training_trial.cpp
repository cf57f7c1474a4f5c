// SPDX-License-Identifier: MIT
#include "joule/study/training_trial.h"

#include <utility>

#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/run_meters.h"
#include "joule/study/trial.h"
#include "joule/training/components.h"
#include "joule/training/energy/run_energy.h"
#include "joule/training/run/run.h"

namespace joule::study {
namespace {

using training::EpochMetrics;

/// What was spent so far: as it was measured, and by the model.
void add_spent(std::vector<Value>& values, std::span<const EpochMetrics> epochs) {
  const training::PartEnergy spent = training::whole(training::total_energy(epochs));
  values.push_back(value_of(std::string(kEnergy), training::measured(spent).gross));
  values.push_back(value_of(std::string(kEnergy), training::modelled(spent, energy::horowitz45())));
}

Value percent(std::string_view pattern, ChosenOn images, double share, std::string source) {
  return counted(trained::named(pattern, images), 100 * share, "%", std::move(source));
}

std::vector<Value> report_of(std::span<const EpochMetrics> epochs) {
  const EpochMetrics& last = epochs.back();
  std::vector<Value> values{counted("training loss", last.train_loss, "", "training images"),
                            counted("penalty", last.l0_penalty, "", "training images")};
  if (last.validation_accuracy) {
    values.push_back(
        percent(trained::kAccuracy, ChosenOn::validation, *last.validation_accuracy, "held back"));
  }
  values.push_back(percent(trained::kAccuracy, ChosenOn::test, last.test_accuracy, "test images"));
  if (last.relu_outputs > 0) {
    values.push_back(counted(
        trained::kDensity,
        static_cast<double>(last.relu_outputs_nonzero) / static_cast<double>(last.relu_outputs), "",
        "test images"));
  }
  values.push_back(measured("seconds", last.seconds, "s", trained::kClock));
  add_spent(values, epochs);
  return values;
}

}  // namespace

std::string_view name(ChosenOn images) {
  return images == ChosenOn::validation ? "validation" : "test";
}

ChosenOn chosen_on(const training::Config& config) {
  return config.validation > 0 ? ChosenOn::validation : ChosenOn::test;
}

std::string trained::named(std::string_view pattern, ChosenOn images) {
  std::string text(pattern);
  text.replace(text.find("{}"), 2, name(images));
  return text;
}

TrainingTrial::TrainingTrial(training::Config config, const std::string& meter,
                             TrialContext& context, energy::Seconds idle)
    : config_(std::move(config)), context_(context) {
  check(config_);
  config_.threads = 0;
  const Device device = training::device(config_);
  training::set_execution(config_);
  metering_ = std::make_shared<training::Metering>(
      energy::open_run_meters(meter, {.device = device, .gpu = backend(device).bus_id()}));
  const std::vector<std::string> locks = locks_of(*metering_);
  if (!locks.empty()) lock_ = context_.lock_meters(locks);
  if (idle > energy::Seconds()) {
    metering_->measure_idle_power(idle, [this] { return context_.stop(); });
    if (context_.stop()) throw Interrupted{};
  }
}

void TrainingTrial::train(const MoreOfEpoch& more) {
  std::size_t told = 0;
  training::Hooks hooks;
  hooks.stop = [this] { return context_.stop(); };
  const auto tell = [&](const training::RunEnergy& run) {
    if (run.epochs.empty() || static_cast<std::size_t>(run.epochs.back().epoch) <= told) {
      return;  // the same epochs, another checkpoint
    }
    told = static_cast<std::size_t>(run.epochs.back().epoch);
    std::vector<Value> report = report_of(run.epochs);
    if (more) more(run.epochs, report);
    context_.report(run.epochs.back().epoch, std::move(report));
  };
  run_ = training::run_in_folder(context_.folder(), config_, training::Existing::resume, hooks,
                                 {.energy = {.metering = metering_}}, tell);
  if (!run_) throw Interrupted{};
}

training::Model TrainingTrial::model() const {
  training::Model model = training::load_model(context_.folder());
  model.net.to(training::device(config_));
  return model;
}

std::vector<Value> TrainingTrial::evaluation_values() const {
  std::vector<Value> values;
  const EpochMetrics& last = run_->energy.epochs.back();
  if (last.validation_accuracy) {
    values.push_back(percent(trained::kAccuracy, ChosenOn::validation, *last.validation_accuracy,
                             "images held back"));
    values.push_back(counted(trained::named(trained::kLoss, ChosenOn::validation),
                             *last.validation_loss, "", "images held back"));
  }
  const std::string source = str(run_->evaluation.images, " images");
  values.push_back(
      percent(trained::kAccuracy, ChosenOn::test, run_->evaluation.accuracy(), source));
  values.push_back(
      counted(trained::named(trained::kLoss, ChosenOn::test), run_->evaluation.loss, "", source));
  return values;
}

std::vector<Value> TrainingTrial::spent_values() const {
  std::vector<Value> values{measured(trained::kTrainingTime, run_->seconds, "s",
                                     str(trained::kClock, ", ", context_.threads(), " threads"))};
  add_spent(values, run_->energy.epochs);
  return values;
}

DataSplit trial_data(const training::Config& config) {
  DataSplit data = training::load_data(config);
  if (config.limit > 0) {
    data.train = data.train.take(config.limit);
    data.test = data.test.take(config.limit);
  }
  return data;
}

}  // namespace joule::study
