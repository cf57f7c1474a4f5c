// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/energy/attribution/profile.h"
#include "joule/energy/run_meters.h"
#include "joule/measure/profile_run.h"

// What the options of joule profile choose from, by name, and the meter that it takes.
namespace joule::cli {

/// The rule of --attribute; none for auto: that which what was measured allows.
///
/// Errors    ArgumentError that lists the rules.
std::optional<energy::Rule> rule_of(const std::string& name);

/// What --by puts lines together by.
///
/// Errors    ArgumentError that lists the choices.
energy::By by_of(const std::string& name);

/// The meter whose energy is shared out, and the others, each with why.
struct SharedOut {
  energy::Meter* meter = nullptr;
  std::vector<energy::Meter*> beside;
  std::vector<std::string> why;
};
/// Shared out over operations is the energy of the device that ran them: of the meters in the sum
/// the first, as a GPU's stands before the processors that fed it.
SharedOut shared_out(const energy::RunMeters& run);

}  // namespace joule::cli
