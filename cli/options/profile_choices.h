// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "joule/energy/attribution/profile.h"
#include "joule/measure/profile_run.h"

// What the options of joule profile choose from, by name.
namespace joule::cli {

/// The rule of --attribute; none for auto: that which what was measured allows.
///
/// Errors    ArgumentError that lists the rules.
std::optional<energy::Rule> rule_of(const std::string& name);

/// What --by puts lines together by.
///
/// Errors    ArgumentError that lists the choices.
energy::By by_of(const std::string& name);

/// "forward", "training", "layers".
std::string_view name_of(measure::ProfileMode mode);

}  // namespace joule::cli
