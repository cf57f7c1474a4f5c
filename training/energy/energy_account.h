// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "joule/training/energy/epoch_energy.h"
#include "joule/training/energy/metering.h"

namespace joule::training {

/// How the energy of a run is accounted for.
struct Accounting {
  std::shared_ptr<Metering> metering = no_metering();
  /// Gross energy by the meters in the sum, of all epochs: training stops after the step that
  /// exceeds it.
  std::optional<energy::Joules> budget{};
  /// By all attempts at this run until now.  What is in none of its epochs was lost at a kill; it
  /// counts towards the budget all the same.
  energy::Joules spent_before{};
  /// Told what is spent whenever the budget is checked.
  std::function<void(energy::Joules)> on_spent{};
  /// Of several processes: given what this one measured and did in a lap, returns what all did.
  /// Empty: this one is all.
  std::function<PartEnergy(const PartEnergy&)> over_all{};
  bool meters_all = true;  // whether `metering` measures all of the processes
};

/// The energy of a run, epoch by epoch: of the one that is under way here, of those that are
/// complete in their metrics.
///
/// Cost      four readings of every meter per epoch (three without validation),
///           one a second for per_image(),
///           one per over_budget() if there is a budget.
class EnergyAccount {
 public:
  /// Errors    ArgumentError if the budget is not positive and finite,
  ///           or if a meter that is in the sum
  ///           cannot be read.
  explicit EnergyAccount(Accounting accounting);

  /// Opens the windows; `complete` is the sum of the epochs that are done.
  void begin(const EpochEnergy& complete);
  /// Ends the lap of the training steps, or of the evaluation, in which `work` was done.
  void end_training(std::int64_t epoch, const energy::Totals& work);
  /// Ends the lap of the validation.  Its work is told by count_validation(), once it is clear that
  /// it will not have to be done again.
  void end_validation(std::int64_t epoch);
  void count_validation(const energy::Totals& work) { epoch_.validation.work += work; }
  void end_evaluation(std::int64_t epoch, const energy::Totals& work);  // of all processes
  /// The epoch's energy; the next one begins at nothing.
  EpochEnergy take();

  /// Of the epoch under way, as far as its laps are ended.
  const EpochEnergy& epoch() const { return epoch_; }
  void set_epoch(EpochEnergy epoch) { epoch_ = std::move(epoch); }

  /// After begin(): why the budget forbids another step; empty if it does not.  A budget that
  /// cannot be checked any more, as a meter has failed or some of the energy was not measured,
  /// forbids it too.
  std::string over_budget() const;
  /// After begin(): gross energy of the epoch's training steps per image, of which there were so
  /// many until now.  It is renewed once a second; none if it is not known.
  std::optional<energy::Joules> per_image(std::int64_t images);

 private:
  void end(PartEnergy EpochEnergy::*part, const std::string& place, const energy::Totals& work);

  using Clock = std::chrono::steady_clock;
  struct Shown {
    Clock::time_point until;
    std::optional<energy::Joules> per_image;
  };

  Accounting accounting_;
  EpochEnergy epoch_;
  std::optional<MeteredLaps> laps_;
  Spent spent_;                         // in all laps that are ended
  std::optional<energy::Joules> lost_;  // at kills; none before the first begin()
  Shown shown_;
};

}  // namespace joule::training
