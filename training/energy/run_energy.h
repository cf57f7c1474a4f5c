// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "joule/energy/figure.h"
#include "joule/energy/models/cost_model.h"
#include "joule/training/energy/energy_prediction.h"
#include "joule/training/energy/epoch_energy.h"
#include "joule/training/energy/footprint.h"
#include "joule/training/run/metrics.h"

namespace joule::training {

/// Energies of complete epochs, training and evaluations together, in their order.
using EpochFigures = std::vector<energy::Figure<energy::Joules>>;
EpochFigures measured_energies(std::span<const EpochMetrics> epochs);  // gross
EpochFigures modelled_energies(std::span<const EpochMetrics> epochs,
                               const energy::CostModel& profile);

/// Of a point whose energy by that source is `spent`.
EnergySpread spread_of(const energy::Figure<energy::Joules>& spent, const MergedEpochs& merged,
                       const std::string& source);

/// Of all these points, whose energies by that source are `spent`.  Its bounds are those of the
/// measured sum, which are narrower than the epochs' own: see energy::Chain.
EnergySpread spread_of(std::span<const EpochMetrics> epochs, const EpochFigures& spent,
                       const std::string& source);

/// `spent` are the energies of the epochs by one source: kMeasured, or the name of a profile.
///
/// Returns   what was foreseen of all of so many epochs after each of these, unless nothing can be:
///           see predict_total().
std::vector<Prediction> predictions(std::span<const EpochMetrics> epochs, const EpochFigures& spent,
                                    const std::string& source, std::int64_t of_epochs);

/// The sum over all epochs.
EpochEnergy total_energy(std::span<const EpochMetrics> epochs);

/// By the end of each epoch, since the first began, training and evaluations together: gross, as it
/// was measured, or by a profile.  Unavailable from the first epoch on of which it is.
EpochFigures spent_until(std::span<const EpochMetrics> epochs);
EpochFigures spent_until(std::span<const EpochMetrics> epochs, const energy::CostModel& profile);

/// What processes that trained together came to, in the epochs in which there were several.
struct Together {
  RanksMetrics ranks;  // sums over those epochs; `count` and `hosts` of the last
  double images = 0, seconds = 0;
  energy::Figure<energy::Joules> spent;  // by their training steps, gross

  /// Trained images per joule; none if it is not known what was spent.
  std::optional<double> images_per_joule() const;
};
/// None if there is no such epoch.
std::optional<Together> together(std::span<const EpochMetrics> epochs);

/// What a run has to say of its energy.
struct RunEnergy {
  std::vector<EpochMetrics> epochs;
  std::set<std::int64_t> lost_after;  // see Trainer
  Footprint footprint;
};

}  // namespace joule::training
