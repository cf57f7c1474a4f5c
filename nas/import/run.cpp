// SPDX-License-Identifier: MIT
#include "joule/nas/import/run.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "joule/core/error.h"
#include "joule/io/nearest.h"

namespace joule::nas {
namespace {

constexpr double kJoulesPerKwh = 3.6e6;
constexpr std::array<Checkpoint, 3> kOrder{Checkpoint::start, Checkpoint::half, Checkpoint::end};

/// Where the numbers of a run are from.
struct Origins {
  Origin energy, time, accuracy, counted, emission, prediction;
};

Origins origins_of(EnergyKind kind, bool copies, const std::string& source) {
  const auto with = [&](const char* what) { return source + what; };
  Origins all{
      .energy = {.source = with(", CarbonTracker with a PUE of 1.59")},
      .time = {.source = source},
      .accuracy = {.source = with(copies ? ", NAS-Bench-101: mean of its repeats" : "")},
      .counted = {.quality = Quality::counted, .source = source},
      .emission = {.quality = Quality::modelled, .source = with(", energy x carbon intensity")},
      .prediction = {.quality = Quality::modelled,
                     .source = with(", CarbonTracker's prediction after the first epochs")}};
  if (kind == EnergyKind::scaled) {
    all.energy = all.time = all.emission = {
        .quality = Quality::modelled, .source = with(", scaled linearly from a run of 4 epochs")};
  } else if (kind == EnergyKind::surrogate) {
    all.energy = all.time = all.emission = {
        .quality = Quality::modelled, .source = with(", predicted by the authors' surrogate")};
  }
  return all;
}

/// Seconds from 1970 on of a machine's own time.
double seconds_since_1970(const std::string& text) {
  std::tm t{};
  char end = 0;
  const int fields = std::sscanf(text.c_str(), "%4d-%2d-%2d %2d:%2d:%2d%c", &t.tm_year, &t.tm_mon,
                                 &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec, &end);
  require(fields == 6 && t.tm_mon >= 1 && t.tm_mon <= 12 && t.tm_mday >= 1 && t.tm_mday <= 31 &&
              t.tm_hour >= 0 && t.tm_hour < 24 && t.tm_min >= 0 && t.tm_min < 60 && t.tm_sec >= 0 &&
              t.tm_sec <= 60,
          "expected a time such as '2022-05-28 13:57:33', got '", text, "'");
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  return static_cast<double>(timegm(&t));
}

class Values {
 public:
  void add(const char* name, Checkpoint at, const char* unit, const std::optional<double>& number,
           const Origin& origin) {
    add({.name = name, .at = at, .unit = unit}, number, origin);
  }
  void add(Metric metric, const std::optional<double>& number, const Origin& origin) {
    if (number) {
      all_.push_back({.metric = std::move(metric), .number = number, .origin = origin});
    }
  }
  void add_time(const char* name, Checkpoint at, const std::string& text, const Origin& origin) {
    if (text.empty()) return;
    add(name, at, "s since 1970, local time", seconds_since_1970(text), origin);
  }
  void leave_out(const char* name, Checkpoint at, const char* unit, const std::string& reason) {
    all_.push_back({.metric = {.name = name, .at = at, .unit = unit},
                    .origin = {.quality = Quality::unavailable, .reason = reason}});
  }
  std::vector<Value> take() { return std::move(all_); }

 private:
  std::vector<Value> all_;
};

std::optional<double> joules(const std::optional<double>& kwh) {
  return kwh ? std::optional(*kwh * kJoulesPerKwh) : std::nullopt;
}

/// The authors' scaled tables have the accuracies of the end at all three checkpoints.
bool are_copies(const std::vector<Evaluation>& all) {
  const Evaluation &start = all.front(), &end = all.back();
  return end.validation_accuracy && start.validation_accuracy == end.validation_accuracy &&
         start.train_accuracy == end.train_accuracy && start.test_accuracy == end.test_accuracy;
}

bool is_scaled(const Evaluation& half, std::int64_t epochs) {
  return half.epochs && *half.epochs < 0.25 * static_cast<double>(epochs) - 1e-9;
}

void add_devices(Values& values, const char* kind, const std::vector<Device>& devices,
                 const std::string& source, bool energies) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Device& device = devices[i];
    const Origin origin{
        .source = str(source, ", CarbonTracker, ", device.name.empty() ? "a device" : device.name)};
    const std::string name = str(kind, ' ', i, ' ');
    values.add({.name = name + "power", .at = Checkpoint::run, .unit = "W"}, device.watts, origin);
    if (energies) {
      values.add({.name = name + "energy", .at = Checkpoint::run, .unit = "J"}, device.joules,
                 origin);
    }
  }
}

void add_totals(Values& values, const Run& run, const Origins& from, bool scaled) {
  constexpr Checkpoint kRun = Checkpoint::run;
  values.add(kParameters, kRun, "", run.parameters, from.counted);
  values.add(kCarbonIntensity, kRun, "g/kWh", run.carbon_intensity, from.emission);
  if (scaled) {
    const char* const reason = "the file has that of the run of 4 epochs";
    if (run.total_time) values.leave_out(kTotalTime, kRun, "s", reason);
    if (run.total_energy) values.leave_out(kTotalEnergy, kRun, "J", reason);
    if (run.total_co2eq) values.leave_out(kTotalCo2eq, kRun, "g", reason);
    return;
  }
  values.add(kTotalTime, kRun, "s", run.total_time, from.time);
  values.add(kTotalEnergy, kRun, "J", joules(run.total_energy), from.energy);
  values.add(kTotalCo2eq, kRun, "g", run.total_co2eq, from.emission);
  values.add_time("started", kRun, run.start, from.time);
  values.add_time("stopped", kRun, run.stop, from.time);
}

void add_accuracies(Values& values, const Evaluation& of, Checkpoint at, const Origin& origin,
                    const char* reason) {
  const std::array<std::pair<const char*, std::optional<double>>, 3> all{
      {{kTrainAccuracy, of.train_accuracy},
       {kValidationAccuracy, of.validation_accuracy},
       {kTestAccuracy, of.test_accuracy}}};
  for (const auto& [name, number] : all) {
    if (number && reason != nullptr) {
      values.leave_out(name, at, "", reason);
    } else {
      values.add(name, at, "", number, origin);
    }
  }
}

void add_checkpoint(Values& values, const Evaluation& of, Checkpoint at, const Origins& from) {
  values.add(kEpochs, at, "", of.epochs, from.counted);
  values.add("training steps", at, "", of.training_steps, from.counted);
  values.add(kTrainingTime, at, "s", of.training_time, from.time);
  values.add("prediction time", at, "s", of.predict_time, from.time);
  values.add(kEnergy, at, "J", joules(of.energy), from.energy);
  values.add(kCo2eq, at, "g", of.co2eq, from.emission);
  values.add(kCarbonIntensity, at, "g/kWh", of.carbon_intensity, from.emission);
}

void add_predictions(Values& values, const Evaluation& end, const Origins& from) {
  constexpr Checkpoint kEnd = Checkpoint::end;
  values.add("predicted energy", kEnd, "J", joules(end.predicted_energy), from.prediction);
  values.add("predicted co2eq", kEnd, "g", end.predicted_co2eq, from.prediction);
  values.add("predicted training time", kEnd, "s", end.predicted_training_time, from.prediction);
  values.add("predicted carbon intensity", kEnd, "g/kWh", end.predicted_carbon_intensity,
             from.prediction);
}

}  // namespace

std::string_view name(EnergyKind kind) {
  constexpr std::array<std::string_view, 4> kNames{"automatic", "measured", "scaled", "surrogate"};
  return kNames[static_cast<std::size_t>(kind)];
}

EnergyKind parse_energy_kind(std::string_view text) {
  std::vector<std::string> names;
  for (const EnergyKind kind :
       {EnergyKind::automatic, EnergyKind::measured, EnergyKind::scaled, EnergyKind::surrogate}) {
    if (name(kind) == text) return kind;
    names.emplace_back(name(kind));
  }
  require_one_of("energy", text, names);
  return EnergyKind::automatic;
}

std::vector<Value> values_of(const Run& run, std::int64_t epochs, EnergyKind kind,
                             const std::string& source) {
  const std::vector<Evaluation>& all = run.evaluations;
  require(all.size() == kOrder.size(), "expected 3 evaluations (start, half, end), got ",
          all.size());
  const std::optional<double> last = all.back().epochs;
  require(!last || std::abs(*last - static_cast<double>(epochs)) < 0.5, "the budget is ", epochs,
          " epochs, the last evaluation was after ", last.value_or(0));
  if (kind == EnergyKind::automatic) {
    kind = is_scaled(all[1], epochs) ? EnergyKind::scaled : EnergyKind::measured;
  }
  // Of 4 epochs a scaled table has what was measured.
  const bool scaled = kind == EnergyKind::scaled && epochs != 4;
  if (kind == EnergyKind::scaled && !scaled) kind = EnergyKind::measured;
  const bool copies = are_copies(all);
  const Origins from = origins_of(kind, copies, source);

  Values values;
  add_totals(values, run, from, scaled);
  add_devices(values, "gpu", run.gpus, source, !scaled);
  add_devices(values, "cpu", run.cpus, source, !scaled);
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    const bool end = kOrder[i] == Checkpoint::end;
    if (scaled && !end) continue;
    add_checkpoint(values, all[i], kOrder[i], from);
    add_accuracies(values, all[i], kOrder[i], from.accuracy,
                   copies && !end ? "the file repeats that of the end" : nullptr);
    if (scaled) continue;
    values.add_time("started", kOrder[i], all[i].start, from.time);
    values.add_time("stopped", kOrder[i], all[i].stop, from.time);
  }
  if (!scaled) add_predictions(values, all.back(), from);
  return values.take();
}

}  // namespace joule::nas
