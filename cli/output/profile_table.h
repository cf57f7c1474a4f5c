// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/energy/attribution/profile.h"

namespace joule::cli {

/// The profile for a terminal: a row per line, layer, phase, op or implementation, the total, the
/// window's gross, idle and unattributed energy, and the ratio of model and meter.  The columns
/// take no more than `width`.
std::string table(const energy::Profile& profile, energy::By by, std::size_t width);

}  // namespace joule::cli
