// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "joule/nas/table/table.h"
#include "joule/study/nas_build/build_config.h"
#include "joule/study/trial.h"

namespace joule::study {

/// Additional columns of a table besides the measured ones.
struct BuildTableOptions {
  /// Columns "energy scaled linearly to 108 epochs" (modelled): a record's energy times 108 / its
  /// epochs, as EC-NAS computed its larger budgets.
  std::vector<std::int64_t> scale_to{};
  /// g of CO2 equivalents per kWh, for the columns co2eq (modelled); empty: no such columns.
  std::optional<double> carbon_intensity{};
};

/// The complete trials as a table: one record per training, with its seed as the repeat.
///
///   at start        accuracies of the net before its first step
///   at half, end    accuracies, training time, energy of the training steps until then
///   of the run      parameters, MACs, total time and energy (with evaluations), evaluation energy,
///                   average power
///
/// "energy" has one quality, built_energy(); if it is from a meter, "modelled energy" is in the
/// table, too.
///
/// Errors    ArgumentError if a trial's point is not of the study, or no trial is complete.
nas::Table built_table(const BuildConfig& config, const std::vector<Trial>& trials,
                       const BuildTableOptions& options = {});

/// The quality of "energy" in that table: measured or sampled if all complete trials have it so,
/// else modelled.
Quality built_energy(const std::vector<Trial>& trials);

}  // namespace joule::study
