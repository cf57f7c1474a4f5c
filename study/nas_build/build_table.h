// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "joule/nas/table/table.h"
#include "joule/study/nas_build/build_config.h"
#include "joule/study/trial.h"

namespace joule::study {

/// What a table gets beside what was measured.
struct BuildTableOptions {
  /// Columns "energy scaled linearly to 108 epochs" (modelled): a record's energy times 108 / its
  /// epochs, which is how EC-NAS made its larger budgets.
  std::vector<std::int64_t> scale_to{};
  /// g of CO2 equivalents per kWh, for the columns co2eq (modelled); none: no such columns.
  std::optional<double> carbon_intensity{};
};

/// The complete trials as a table: a record per training, whose repeat is its seed.
///
///   at start        accuracies of the net before its first step
///   at half, end    accuracies, training time, energy of the training steps until then
///   of the run      parameters, MACs, total time and energy (with evaluations), evaluation energy,
///                   average power
///
/// "energy" is of one quality, built_energy(); where a meter gave it, "modelled energy" stands
/// beside it.
///
/// Errors    ArgumentError if a trial's point is none of the study's, or no trial is complete.
nas::Table built_table(const BuildConfig& config, const std::vector<Trial>& trials,
                       const BuildTableOptions& options = {});

/// The quality of "energy" in that table: measured or sampled where all complete trials have it so,
/// else modelled.
Quality built_energy(const std::vector<Trial>& trials);

}  // namespace joule::study
