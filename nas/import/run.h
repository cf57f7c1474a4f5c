// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/nas/table/table.h"

namespace joule::nas {

/// A run at one of its checkpoints, in the units of the authors' files: s, kWh, g, g/kWh.
struct Evaluation {
  std::optional<double> epochs{}, training_time{};
  std::optional<double> train_accuracy{}, validation_accuracy{}, test_accuracy{};
  std::optional<double> energy{}, co2eq{}, carbon_intensity{};
  std::optional<double> predicted_energy{}, predicted_co2eq{}, predicted_training_time{},
      predicted_carbon_intensity{};
  std::optional<double> training_steps{}, predict_time{};
  std::string start{}, stop{};  // "2022-05-28 13:57:33"
};

/// A processor and its mean power and energy over a run; W and J.
struct Device {
  std::string name{};
  std::optional<double> watts{}, joules{};
};

/// One training, as recorded in the authors' files.
struct RecordedRun {
  std::optional<double> parameters{}, total_time{}, total_energy{}, total_co2eq{},
      carbon_intensity{};
  std::string start{}, stop{};
  std::vector<Device> gpus{}, cpus{};
  std::vector<Evaluation> evaluations{};  // at the start, in between, at the end
};

/// How the energies, times and emissions of a file were obtained.
enum class EnergyKind {
  automatic,  // scaled if a run's middle checkpoint shows it, else measured
  measured,   // by CarbonTracker
  scaled,     // those of 4 epochs times budget / 4, beside the accuracies of NAS-Bench-101
  surrogate   // predicted by the authors' net
};
std::string_view name(EnergyKind kind);
/// Errors    ArgumentError that lists the names.
EnergyKind parse_energy_kind(std::string_view text);

/// The run as values with their origins; kWh are converted to J (times 3 600 000).
///
/// Misleading values are left out, with the reason: for a scaled run (its middle checkpoint was
/// taken before a quarter of the budget), the totals and the first two checkpoints, which are those
/// of the run of 4 epochs; and accuracies at the first two checkpoints if they all equal those at
/// the end, of which they are copies.
///
/// Errors    ArgumentError if there are not three evaluations, the last is not after `epochs`, or a
///           time is invalid.
std::vector<Value> values_of(const RecordedRun& run, std::int64_t epochs, EnergyKind kind,
                             const std::string& source);

}  // namespace joule::nas
