// SPDX-License-Identifier: MIT
#include "joule/training/energy/energy_account.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "joule/core/error.h"

namespace joule::training {

using energy::Joules;

EnergyAccount::EnergyAccount(Accounting accounting) : accounting_(std::move(accounting)) {
  require(accounting_.metering != nullptr, "energy account: there is no metering");
  if (!accounting_.budget) return;
  const double budget = accounting_.budget->value();
  require(std::isfinite(budget) && budget > 0, "energy budget: must be positive and finite, got ",
          budget, " J");
  if (const energy::Meter* const meter = accounting_.metering->unreadable()) {
    throw ArgumentError(
        str("energy budget: it is one of measured energy, and what the run computes on is not "
            "measured (",
            meter->info().name, ": ", meter->info().reason, ")"));
  }
}

void EnergyAccount::begin(const EpochEnergy& complete) {
  laps_.emplace(*accounting_.metering);
  PartEnergy before = whole(complete);
  before += whole(epoch_);
  // What other meters have measured is no part of what these will.
  before += {.measured = accounting_.metering->nothing()};
  spent_ = counted(before);
  if (!lost_) lost_ = std::max(Joules(0), accounting_.spent_before - spent_.energy);
  shown_ = {};
}

void EnergyAccount::end(PartEnergy EpochEnergy::*part, const std::string& place,
                        const energy::Totals& work) {
  PartEnergy lap{.measured = laps_->lap(place), .work = work};
  if (accounting_.over_all) lap = accounting_.over_all(lap);
  epoch_.add(part, lap);
  add(spent_, counted(lap));
}

void EnergyAccount::end_training(std::int64_t epoch, const energy::Totals& work) {
  end(&EpochEnergy::training, str("epoch ", epoch, ", training"), work);
}

void EnergyAccount::end_validation(std::int64_t epoch) {
  end(&EpochEnergy::validation, str("epoch ", epoch, ", validation"), {});
}

void EnergyAccount::end_evaluation(std::int64_t epoch, const energy::Totals& work) {
  end(&EpochEnergy::evaluation, str("epoch ", epoch, ", evaluation"), {});
  epoch_.evaluation.work += work;
}

EpochEnergy EnergyAccount::take() { return std::exchange(epoch_, {}); }

std::string EnergyAccount::over_budget() const {
  if (!accounting_.budget) return {};
  Spent spent = spent_;
  add(spent, laps_->spent(energy::Purpose::window));
  if (!spent.problem.empty()) {
    return str("the energy budget of ", *accounting_.budget,
               " cannot be kept, as the energy is not known: ", spent.problem);
  }
  spent.energy += *lost_;
  if (accounting_.on_spent) accounting_.on_spent(spent.energy);
  if (spent.energy <= *accounting_.budget) return {};
  return str("the energy budget of ", *accounting_.budget, " is spent: ", spent.energy,
             " (measured, gross",
             *lost_ > Joules(0) ? str("; ", *lost_, " were lost at kills") : "", ")");
}

std::optional<Joules> EnergyAccount::per_image(std::int64_t images) {
  if (!accounting_.metering->available() || !accounting_.meters_all) return {};
  const auto now = Clock::now();
  if (now < shown_.until) return shown_.per_image;
  Spent spent = counted(epoch_.training);
  add(spent, laps_->spent(energy::Purpose::background));
  shown_ = {.until = now + std::chrono::seconds(1)};
  if (spent.problem.empty() && spent.energy > Joules(0)) {
    shown_.per_image = spent.energy / static_cast<double>(images);
  }
  return shown_.per_image;
}

}  // namespace joule::training
