// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "joule/core/device.h"
#include "joule/energy/json/values_json.h"
#include "joule/training/energy/epoch_energy.h"

// The energies of a run as JSON.  The keys are in docs/cli.md.
namespace joule::training {

using nlohmann::ordered_json;

using energy::json_of;

/// A member that counts something.
///
/// Errors    ArgumentError that names it, if it is no whole number from 0 to 2^63 - 1; those of the
///           library if it is missing.
std::int64_t count_of(const ordered_json& json, const char* key);

/// The figures gross, idle, dynamic, and per profile those of `modelled`.
ordered_json figures_of(const PartEnergy& part);

/// The integers of a meter's windows.
ordered_json json_of(const energy::WindowSum& sum);

ordered_json json_of(const energy::Totals& totals);
/// Errors    as count_of().
energy::Totals totals_of(const ordered_json& json);

/// Figures, and the integers that they were computed from.
ordered_json json_of(const PartEnergy& part);
ordered_json json_of(const EpochEnergy& epoch);

/// Reads the integers back; the figures follow from them.  Where a file does not tell which meters
/// are in the sum, the rule of energy/run_meters.h does, for a run on `device`.
///
/// Errors    those of the library, if it is not what json_of() writes; ArgumentError that names a
///           number that cannot be: see count_of(), and energies below 0.
PartEnergy part_energy_of(const ordered_json& json, Device device = Device::cpu);
EpochEnergy epoch_energy_of(const ordered_json& json, Device device = Device::cpu);

}  // namespace joule::training
