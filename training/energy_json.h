// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include "energy/figure.h"
#include "energy/json.h"
#include "training/epoch_energy.h"

// The energies of a run as JSON.  The keys are in docs/cli.md.
namespace joule::training {

using nlohmann::ordered_json;

template <class Q>
ordered_json json_of(const energy::Figure<Q>& figure) {
  return ordered_json::parse(energy::to_json(figure));
}

/// The figures gross, idle, dynamic, and per profile those of `modelled`.
ordered_json figures_of(const PartEnergy& part);

/// The integers of a meter's windows.
ordered_json json_of(const energy::WindowSum& sum);

/// Figures, and the integers that they were computed from.
ordered_json json_of(const EpochEnergy& epoch);

/// Reads the integers back; the figures follow from them.
///
/// Errors    those of the library, and ArgumentError, if it is not what json_of() writes.
EpochEnergy epoch_energy_of(const ordered_json& json);

}  // namespace joule::training
