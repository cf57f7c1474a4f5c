// SPDX-License-Identifier: MIT
#include "joule/study/hpo/hpo_trial.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "joule/core/error.h"
#include "joule/study/hpo/hpo_study.h"
#include "joule/study/results/over.h"
#include "joule/study/training_trial.h"

namespace joule::study {
namespace {

/// The sum of what several trainings spent; unavailable if that of one is.
Value sum_of_spent(const Value& a, const Value& b) {
  if (!a.number) return a;
  if (!b.number) return b;
  Value sum = a;
  *sum.number += *b.number;
  const bool both = a.low && b.low;
  sum.low = both ? std::optional(*a.low + *b.low) : std::nullopt;
  sum.high = both ? std::optional(*a.high + *b.high) : std::nullopt;
  return sum;
}

/// What the trainings of a round have come to.
struct RoundSums {
  std::vector<Over> values;   // of those that are complete, but for kEnergy
  std::vector<Value> energy;  // of them together: measured, modelled
  std::int64_t epochs = 0;
  std::int64_t complete = 0;

  void add(const std::vector<Value>& training, std::int64_t epochs_of_it) {
    ++complete;
    epochs += epochs_of_it;
    energy = with_energy(training);
    for (const Value& value : training) {
      if (value.name != kEnergy) add_value(values, value, complete);
    }
  }

  /// `energy`, and that of one more.  The n-th values belong together: a measured one that is
  /// unavailable keeps its place.
  std::vector<Value> with_energy(const std::vector<Value>& training) const {
    std::vector<Value> together;
    for (const Value& value : training) {
      if (value.name == kEnergy) together.push_back(value);
    }
    for (std::size_t i = 0; i < together.size() && i < energy.size(); ++i) {
      together[i] = sum_of_spent(energy[i], together[i]);
    }
    return together;
  }
};

/// Of one of `trainings`: measured if that is known, else modelled.
Value training_energy(const std::vector<Value>& energy, std::int64_t trainings) {
  const auto found = std::ranges::find_if(energy, [](const Value& v) { return !!v.number; });
  Value one =
      found != energy.end() ? *found : unavailable("", "J", "", "there is neither meter nor model");
  one.name = hpo::kTrainingEnergy;
  for (auto* const number : {&one.number, &one.low, &one.high}) {
    if (*number) **number /= static_cast<double>(trainings);
  }
  return one;
}

/// The mean over the trainings.
Value mean_value(const Over& over) {
  Value value{.name = over.name,
              .unit = over.unit,
              .quality = over.quality,
              .source = over.source,
              .reason = over.reason};
  if (over.numbers.empty()) return value;
  const search::Mean mean = over.mean();
  value.number = mean.mean;
  if (mean.interval) {
    value.low = mean.interval->low;
    value.high = mean.interval->high;
  }
  if (mean.n > 1) value.source = str("mean of ", mean.n, " trainings, each ", over.source);
  return value;
}

/// What one of the round's trainings is given: a folder of its own, and reports that become those
/// of the round.
class OneTraining final : public TrialContext {
 public:
  OneTraining(TrialContext& round, const RoundSums& before, std::int64_t all_epochs,
              std::int64_t repeats, std::optional<MeterLock>& lock)
      : round_(round),
        before_(before),
        all_epochs_(all_epochs),
        repeats_(repeats),
        folder_(str(round.folder(), "/repeat-", before.complete + 1)),
        lock_(lock) {}

  int threads() const override { return round_.threads(); }
  const std::string& folder() const override { return folder_; }
  bool stop() override { return round_.stop(); }
  bool prune() override { return round_.prune(); }

  void report(std::int64_t epoch, std::vector<Value> values) override {
    const std::int64_t trained = before_.epochs + epoch;
    const std::vector<Value> energy = before_.with_energy(values);
    for (Value& value : values) {
      if (value.unit == "%" && value.number) in_mean(value);
    }
    std::erase_if(values, [](const Value& value) { return value.name == kEnergy; });
    values.insert(values.end(), energy.begin(), energy.end());
    values.push_back(training_energy(energy, repeats_));
    round_.report(trained, std::move(values));
    if (trained == all_epochs_ || !round_.prune()) return;
    std::vector<Value> spent = energy;
    spent.push_back(counted(hpo::kEpochs, static_cast<double>(trained), "", "of this round"));
    throw Pruned{str("given up after ", trained, " of ", all_epochs_, " epochs"), std::move(spent)};
  }

  /// The round keeps them until it ends.
  MeterLock lock_meters(std::vector<std::string> meters) override {
    if (!lock_) lock_ = round_.lock_meters(std::move(meters));
    return *MeterLock::wait({}, {});
  }

 private:
  /// An accuracy: the mean with the trainings that are complete.
  void in_mean(Value& value) const {
    const Over* const complete = find(before_.values, value.name, value.quality);
    if (!complete) return;
    double sum = *value.number;
    for (const double number : complete->numbers) sum += number;
    *value.number = sum / static_cast<double>(complete->numbers.size() + 1);
  }

  TrialContext& round_;
  const RoundSums& before_;
  std::int64_t all_epochs_, repeats_;
  std::string folder_;
  std::optional<MeterLock>& lock_;
};

}  // namespace

std::vector<Value> run_hpo_trial(const HpoConfig& config, const Trial& trial,
                                 TrialContext& context) {
  RoundSums sums;
  std::optional<MeterLock> lock;
  for (std::int64_t repeat = 1; repeat <= config.repeats; ++repeat) {
    const training::Config training = training_at(config, trial.point, repeat);
    OneTraining one(context, sums, training.epochs * config.repeats, config.repeats, lock);
    TrainingTrial run(training, config.meter, one);
    run.train();
    std::vector<Value> values = run.evaluation_values();
    const std::vector<Value> spent = run.spent_values();
    values.insert(values.end(), spent.begin(), spent.end());
    sums.add(values, training.epochs);
  }
  std::vector<Value> values;
  for (const Over& over : sums.values) values.push_back(mean_value(over));
  values.insert(values.end(), sums.energy.begin(), sums.energy.end());
  values.push_back(training_energy(sums.energy, config.repeats));
  values.push_back(counted(hpo::kEpochs, static_cast<double>(sums.epochs), "", "of this round"));
  return values;
}

}  // namespace joule::study
