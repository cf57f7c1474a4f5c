// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "joule/energy/models/asic_model.h"
#include "joule/energy/models/cost_model.h"

namespace joule::cli {

/// What `joule energy --profile` names: a network-wide accelerator model, or a linear one.
using EnergyProfile = std::variant<energy::AsicModel, energy::CostModel>;

/// A built-in profile by its name, otherwise the file.
///
/// Errors    as load_cost_model(); ArgumentError if a relative profile has no `mac_picojoules`, or
///           another has.
EnergyProfile find_profile(const std::string& name_or_path, std::optional<double> mac_picojoules);

/// Where its constants come from; of a fitted profile also how well they can be told apart.
std::string source_of(const EnergyProfile& profile);

/// Prints the built-in profiles: constants and sources.
void print_profiles(bool json);

/// Fits a profile to the measured windows in `trace`, writes it to `out`, and says how well it
/// fits.
void fit_profile(const std::string& trace, const std::string& out, bool json);

}  // namespace joule::cli
