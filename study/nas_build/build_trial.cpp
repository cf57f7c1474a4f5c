// SPDX-License-Identifier: MIT
#include "joule/study/nas_build/build_trial.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <span>

#include "joule/core/error.h"
#include "joule/energy/models/cost_model.h"
#include "joule/nas/network/network.h"
#include "joule/study/nas_build/build_study.h"
#include "joule/study/training_trial.h"
#include "joule/training/energy/run_energy.h"
#include "joule/training/evaluate.h"
#include "joule/training/trainer.h"

namespace joule::study {
namespace {

using training::EpochMetrics;
using training::PartEnergy;

/// Of a net, on `images`.
double accuracy_on(nn::Module& net, const Dataset& images, TrialContext& context) {
  const auto judged = training::evaluate(net, images, {.stop = [&] { return context.stop(); }});
  if (!judged) throw Interrupted{};
  return judged->accuracy();
}

Value accuracy_value(std::string name, const char* at, double share, std::string source) {
  return counted(std::move(name) + at, 100 * share, "%", std::move(source));
}

std::string training_images(const Dataset& sample) {
  return str(sample.size(), " training images");
}

/// The net before its first step: what the run begins with is a function of its configuration.
std::vector<Value> values_at_start(training::Trainer& fresh, const Dataset& sample,
                                   TrialContext& context) {
  nn::Module& net = fresh.model().net;
  const Dataset& held_back = fresh.learning().validation;
  std::vector<Value> values;
  values.push_back(accuracy_value(nas_build::kTrainAccuracy, nas_build::kAtStart,
                                  accuracy_on(net, sample, context), training_images(sample)));
  values.push_back(accuracy_value(trained::named(trained::kAccuracy, ChosenOn::validation),
                                  nas_build::kAtStart, accuracy_on(net, held_back, context),
                                  "images held back"));
  const training::Evaluation& test = fresh.evaluate_now();
  values.push_back(accuracy_value(trained::named(trained::kAccuracy, ChosenOn::test),
                                  nas_build::kAtStart, test.accuracy(),
                                  str(test.images, " images")));
  return values;
}

void add_joules(std::vector<Value>& values, const std::string& name, const PartEnergy& spent) {
  values.push_back(value_of(name, training::measured(spent).gross));
  values.push_back(value_of(name, training::modelled(spent, energy::horowitz45())));
}

/// Of the epochs until the half.
void add_half(std::vector<Value>& values, std::span<const EpochMetrics> epochs, std::int64_t half) {
  double seconds = 0;
  std::optional<PartEnergy> spent;
  for (const EpochMetrics& epoch : epochs) {
    if (epoch.epoch > half) break;
    seconds += epoch.seconds;
    if (!spent) {
      spent = epoch.energy.training;
    } else {
      *spent += epoch.energy.training;
    }
    if (epoch.epoch != half) continue;
    values.push_back(accuracy_value(trained::named(trained::kAccuracy, ChosenOn::validation),
                                    nas_build::kAtHalf, epoch.validation_accuracy.value(),
                                    "images held back"));
    values.push_back(accuracy_value(trained::named(trained::kAccuracy, ChosenOn::test),
                                    nas_build::kAtHalf, epoch.test_accuracy, "test images"));
    values.push_back(
        measured(str(trained::kTrainingTime, nas_build::kAtHalf), seconds, "s", trained::kClock));
    add_joules(values, str(nas_build::kTrainingEnergy, nas_build::kAtHalf), *spent);
  }
}

void add_size(std::vector<Value>& values, const nas::Cell& cell, const nas::Skeleton& skeleton) {
  const nas::NetworkCounts counts = nas::counts_of(cell, skeleton);
  values.push_back(
      counted(nas_build::kMacs, static_cast<double>(counts.macs), "", "of the net, per image"));
  values.push_back(
      counted(nas_build::kParameters, static_cast<double>(counts.parameters), "", "of the net"));
}

}  // namespace

std::vector<Value> run_build_trial(const BuildConfig& config, const nas::NamedCell& cell,
                                   const DataSplit& data, const Trial& trial,
                                   TrialContext& context) {
  const auto began = std::chrono::steady_clock::now();
  TrainingTrial training(training_at(config, cell, trial.point, data.train), config.meter, context);
  training::Trainer fresh(training.config(), data);
  const Dataset sample = fresh.learning().train.take(fresh.learning().validation.size());
  std::vector<Value> values = values_at_start(fresh, sample, context);

  const std::int64_t half = half_of(training.config().epochs);
  training.train([&](std::span<const EpochMetrics> epochs, std::vector<Value>& report) {
    if (epochs.back().epoch != half) return;
    training::Model model = training.model();
    report.push_back(accuracy_value(nas_build::kTrainAccuracy, "",
                                    accuracy_on(model.net, sample, context),
                                    training_images(sample)));
  });
  training::Model model = training.model();
  values.push_back(accuracy_value(nas_build::kTrainAccuracy, "",
                                  accuracy_on(model.net, sample, context),
                                  training_images(sample)));
  const std::vector<EpochMetrics>& epochs = training.run().energy.epochs;
  add_half(values, epochs, half);
  training::EpochEnergy spent = training::total_energy(epochs);
  add_joules(values, nas_build::kTrainingEnergy, spent.training);
  spent.evaluation += spent.validation;
  add_joules(values, nas_build::kEvaluationEnergy, spent.evaluation);
  add_size(values, cell.cell, skeleton_for(config, data.train));
  std::ranges::move(training.evaluation_values(), std::back_inserter(values));
  std::ranges::move(training.spent_values(), std::back_inserter(values));
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - began;
  values.push_back(
      trial.token == 1
          ? measured(nas_build::kRunTime, whole.count(), "s", trained::kClock)
          : unavailable(nas_build::kRunTime, "s", trained::kClock, "the trial was interrupted"));
  return values;
}

}  // namespace joule::study
