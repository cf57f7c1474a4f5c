// SPDX-License-Identifier: MIT
#include "joule/study/nas_build/build_table.h"

#include <algorithm>

#include "joule/core/error.h"
#include "joule/study/nas_build/build_study.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

using nas::Checkpoint;
using nas::Metric;

constexpr double kPercent = 0.01;
constexpr double kJoulesPerKilowattHour = 3.6e6;
constexpr const char* kModelledEnergy = "modelled energy";

bool is_modelled(const Value& value) { return value.quality == Quality::modelled; }

const Value* find(const std::vector<Value>& values, std::string_view name, bool modelled) {
  const auto found = std::ranges::find_if(values, [&](const Value& value) {
    return value.name == name && is_modelled(value) == modelled;
  });
  return found == values.end() ? nullptr : &*found;
}

/// The values of a record, from those of a trial.
class RecordValues {
 public:
  RecordValues(const Trial& trial, bool metered, const BuildTableOptions& options)
      : trial_(trial), metered_(metered), options_(options) {}

  std::vector<nas::Value> all(std::int64_t epochs) {
    const std::int64_t half = half_of(epochs);
    accuracies(nas_build::kAtStart, Checkpoint::start);
    if (half > 0) {
      accuracies(nas_build::kAtHalf, Checkpoint::half);
      const auto report = std::ranges::find(trial_.reports, half, &Report::epoch);
      if (report != trial_.reports.end()) {
        put({nas::kTrainAccuracy, Checkpoint::half},
            find(report->values, nas_build::kTrainAccuracy, false), kPercent);
      }
      count({nas::kEpochs, Checkpoint::half}, half);
      spent(nas_build::kAtHalf, Checkpoint::half);
    }
    accuracies("", Checkpoint::end);
    spent("", Checkpoint::end);
    run();
    scaled(epochs);
    return std::move(values_);
  }

 private:
  void put(Metric metric, const Value* value, double scale = 1) {
    if (!value) return;
    nas::Value out{
        .metric = std::move(metric),
        .origin = {.quality = value->quality, .source = value->source, .reason = value->reason}};
    if (value->number) out.number = *value->number * scale;
    if (value->low) out.low = *value->low * scale;
    if (value->high) out.high = *value->high * scale;
    values_.push_back(std::move(out));
  }

  void count(Metric metric, std::int64_t number) {
    values_.push_back({.metric = std::move(metric),
                       .number = static_cast<double>(number),
                       .origin = {.quality = Quality::counted, .source = "of the run"}});
  }

  void modelled(Metric metric, double number, std::string source) {
    values_.push_back({.metric = std::move(metric),
                       .number = number,
                       .origin = {.quality = Quality::modelled, .source = std::move(source)}});
  }

  const Value* of_trial(const std::string& name, bool modelled = false) const {
    return find(trial_.values, name, modelled);
  }

  void accuracies(const std::string& at, Checkpoint checkpoint) {
    put({nas::kTrainAccuracy, checkpoint}, of_trial(nas_build::kTrainAccuracy + at), kPercent);
    put({nas::kValidationAccuracy, checkpoint},
        of_trial(trained::named(trained::kAccuracy, ChosenOn::validation) + at), kPercent);
    put({nas::kTestAccuracy, checkpoint},
        of_trial(trained::named(trained::kAccuracy, ChosenOn::test) + at), kPercent);
  }

  /// What a meter told and what is modelled never share a column: "energy" is of one quality in the
  /// whole table.
  const Value* energy(const char* metric, const char* beside, const std::string& value,
                      Checkpoint at) {
    const Value* const chosen = of_trial(value, !metered_);
    put({metric, at, "J"}, chosen);
    if (metered_) put({beside, at, "J"}, of_trial(value, true));
    return chosen;
  }

  void carbon(const char* metric, Checkpoint at, const Value* joules) {
    if (!options_.carbon_intensity || !joules || !joules->number) return;
    const double intensity = *options_.carbon_intensity;
    modelled({metric, at, "g"}, *joules->number / kJoulesPerKilowattHour * intensity,
             str(intensity, " g/kWh, as was said"));
  }

  void spent(const std::string& at, Checkpoint checkpoint) {
    put({nas::kTrainingTime, checkpoint, "s"}, of_trial(trained::kTrainingTime + at));
    carbon(nas::kCo2eq, checkpoint,
           energy(nas::kEnergy, kModelledEnergy, nas_build::kTrainingEnergy + at, checkpoint));
  }

  void run() {
    put({nas::kParameters, Checkpoint::run}, of_trial(nas_build::kParameters));
    put({nas_build::kMacs, Checkpoint::run}, of_trial(nas_build::kMacs));
    put({nas::kTotalTime, Checkpoint::run, "s"}, of_trial(nas_build::kRunTime));
    carbon(
        nas::kTotalCo2eq, Checkpoint::run,
        energy(nas::kTotalEnergy, "modelled total energy", std::string(kEnergy), Checkpoint::run));
    energy("evaluation energy", "modelled evaluation energy", nas_build::kEvaluationEnergy,
           Checkpoint::run);
    power();
  }

  /// Of the training steps; nothing is known of it where nothing was measured.
  void power() {
    const Value* const joules = of_trial(nas_build::kTrainingEnergy);
    const Value* const seconds = of_trial(trained::kTrainingTime);
    if (!joules || !seconds) return;
    Value power = *joules;
    if (!joules->number || !seconds->number || *seconds->number <= 0) {
      power.number = power.low = power.high = std::nullopt;
      power.quality = Quality::unavailable;
      if (power.reason.empty()) power.reason = "the training took no time";
    }
    put({"average power", Checkpoint::run, "W"}, &power, power.number ? 1 / *seconds->number : 1);
  }

  void scaled(std::int64_t epochs) {
    const Value* const joules = of_trial(nas_build::kTrainingEnergy, !metered_);
    if (!joules || !joules->number) return;
    for (const std::int64_t to : options_.scale_to) {
      const double factor = static_cast<double>(to) / static_cast<double>(epochs);
      modelled({str("energy scaled linearly to ", to, " epochs"), Checkpoint::end, "J"},
               *joules->number * factor,
               str("energy of ", epochs, " epochs times ", to, " / ", epochs));
    }
  }

  const Trial& trial_;
  bool metered_;
  const BuildTableOptions& options_;
  std::vector<nas::Value> values_;
};

}  // namespace

Quality built_energy(const std::vector<Trial>& trials) {
  for (const Quality quality : {Quality::measured, Quality::sampled}) {
    const auto has = [quality](const Trial& trial) {
      if (trial.state != State::complete) return true;
      const Value* const value = find(trial.values, nas_build::kTrainingEnergy, false);
      return value && value->quality == quality;
    };
    if (std::ranges::all_of(trials, has)) return quality;
  }
  return Quality::modelled;
}

nas::Table built_table(const BuildConfig& config, const std::vector<Trial>& trials,
                       const BuildTableOptions& options) {
  const std::vector<nas::NamedCell> cells = nas::enumerate(config.space);
  const bool metered = built_energy(trials) != Quality::modelled;
  nas::Table table;
  bool any = false;
  for (const Trial& trial : trials) {
    if (trial.state != State::complete) continue;
    any = true;
    const nas::NamedCell& cell = cell_at(cells, trial.point);
    const auto epochs = trial.point.get<std::int64_t>("epochs");
    table.add({.cell = cell.cell,
               .epochs = epochs,
               .repeat = trial.point.get<std::int64_t>("seed"),
               .values = RecordValues(trial, metered, options).all(epochs),
               .fingerprint = cell.fingerprint});
  }
  require(any, "no trial of the study is complete: there is nothing to put into a table");
  return table;
}

}  // namespace joule::study
