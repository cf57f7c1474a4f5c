// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/energy/attribution/profile.h"

namespace joule::cli {

/// The profile for a terminal: a row per line, layer, phase, op or implementation, the total, the
/// window's gross, idle and unattributed energy, and the ratio of model and meter.
std::string table(const energy::Profile& profile, energy::By by);

}  // namespace joule::cli
