// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "joule/energy/models/asic_model.h"
#include "joule/energy/models/cost_model.h"

namespace joule::cli {

/// The argument of --cost-model: a model of an accelerator that runs whole nets, or a linear one.
using NamedCostModel = std::variant<energy::AsicModel, energy::CostModel>;

/// The built-in cost model of that name, otherwise the one in that file.
///
/// Errors    as load_cost_model(); DataError that suggests the nearest name if there is
///           neither; ArgumentError if a relative one has no `mac_picojoules`, or
///           another has.
NamedCostModel find_cost_model(const std::string& name_or_path,
                               std::optional<double> mac_picojoules);

/// The source of its constants; for a fitted model also how well they can be told apart.
std::string source_of(const NamedCostModel& model);

/// Prints the built-in cost models: constants and sources.
void print_cost_models(bool json);

/// Fits a cost model to the measured windows in `trace`, writes it to `out`, and reports how well
/// it fits.
void fit_cost_model(const std::string& trace, const std::string& out, bool json);

}  // namespace joule::cli
