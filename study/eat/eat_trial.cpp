// SPDX-License-Identifier: MIT
#include "joule/study/eat/eat_trial.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "joule/core/context.h"
#include "joule/core/error.h"
#include "joule/data/loader.h"
#include "joule/data/validation.h"
#include "joule/energy/models/cost_model.h"
#include "joule/measure/pace.h"
#include "joule/search/statistics/mean.h"
#include "joule/study/eat/eat_study.h"
#include "joule/study/training_trial.h"
#include "joule/training/energy/dataset_energy.h"
#include "joule/training/run/counts.h"

namespace joule::study {
namespace {

using training::Config;
using training::Model;
using training::RunResult;

/// Counts a set of images for the accelerators, and gives what each profile makes of it.
void add_ratios(std::vector<Value>& values, const EatConfig& config, Model& model,
                const Dataset& images, ChosenOn which, TrialContext& context) {
  const auto energies =
      training::dataset_energies(model, images, config.asic_batch, [&] { return context.stop(); });
  if (!energies) throw Interrupted{};
  for (const training::EnergyEstimate& estimate : energies->estimates) {
    values.push_back(modelled(trained::named(eat::kRatio, which) + estimate.profile, estimate.ratio,
                              "", str(images.size(), " images in batches of ", config.asic_batch)));
    values.push_back(modelled(trained::named(eat::kEnergyImage, which) + estimate.profile,
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

/// What a net that has learnt nothing may reach on these images.
Value chance_of(const Dataset& test) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(test.classes()));
  for (const std::int32_t label : test.labels) ++counts[static_cast<std::size_t>(label)];
  const auto images = static_cast<double>(test.size());
  const double share = static_cast<double>(std::ranges::max(counts)) / images;
  const double limit = share + 2 * std::sqrt(share * (1 - share) / images);
  return counted(eat::kChance, 100 * std::min(limit, 1.0), "%",
                 str("the largest of ", test.classes(), " classes among ", test.size(),
                     " images, and twice the standard error"));
}

/// MACs, density and energy of inference, of the test images.
void add_inference(std::vector<Value>& values, const RunResult& run) {
  const auto images = static_cast<double>(run.evaluation.images);
  const energy::Totals work = total_work(run.evaluation);
  const auto macs = static_cast<double>(work.work.macs);
  const std::string source = str(run.evaluation.images, " test images");
  values.push_back(counted(trained::kDensity, all_relus(run.evaluation).density(), "", source));
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
                              context.threads(), " threads, ", trained::kClock);
  const std::string source = "median" + how;
  values.push_back(measured(eat::kInferenceTime, pace->skipping.median, "s", source));
  values.push_back(measured(eat::kDenseInferenceTime, pace->dense.median, "s", source));
  const search::Mean ratio = search::mean_interval(pace->ratios);
  Value speed_up = measured(eat::kSpeedUp, ratio.mean, "", "mean of the ratios" + how);
  speed_up.low = ratio.interval->low;
  speed_up.high = ratio.interval->high;
  values.push_back(std::move(speed_up));
  for (const measure::LayerPace& layer : pace->layers) {
    values.push_back(measured(eat::kLayerTime + layer.layer, layer.skipping, "s", trained::kClock));
    values.push_back(
        measured(eat::kDenseLayerTime + layer.layer, layer.dense, "s", trained::kClock));
  }
}

}  // namespace

std::vector<Value> run_eat_trial(const EatConfig& study, const DataSplit& data, const Trial& trial,
                                 TrialContext& context) {
  TrainingTrial training(training_at(study, trial.point), study.meter, context);
  training.train();

  const Config& config = training.config();
  Model model = training.model();
  std::vector<Value> values = training.evaluation_values();
  if (study.chosen_on() == ChosenOn::validation) {
    const Dataset held =
        model.prepare(hold_back(data.train, config.validation, config.seed).validation);
    add_ratios(values, study, model, held, ChosenOn::validation, context);
  }
  const Dataset test = model.prepare(data.test);
  values.push_back(chance_of(data.test));
  add_ratios(values, study, model, test, ChosenOn::test, context);
  add_inference(values, training.run());
  add_pace(values, study, model, test, context);
  std::ranges::move(training.spent_values(), std::back_inserter(values));
  return values;
}

}  // namespace joule::study
