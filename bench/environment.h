// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/measure/environment.h"

namespace joule::bench {

using measure::Environment;

/// Of this process, now, with the warnings that a reader of a benchmark needs.
Environment environment();

/// What `e` disturbs a benchmark with: also a peer that is missing.
std::vector<std::string> warnings(const Environment& e);

}  // namespace joule::bench
