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
/// "energy" is measured where it was measured in all of them, with "modelled energy" beside it;
/// else it is modelled in all.
///
/// Errors    ArgumentError if a trial's point is none of the study's, or no trial is complete.
nas::Table built_table(const BuildConfig& config, const std::vector<Trial>& trials,
                       const BuildTableOptions& options = {});

/// Whether all complete trials have measured what the training steps took.
bool all_measured(const std::vector<Trial>& trials);

}  // namespace joule::study
