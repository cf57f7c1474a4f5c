// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/measure/environment.h"

namespace joule::bench {

using measure::Environment;

/// The environment of this process now, with the warnings that a reader of a benchmark needs.
Environment environment();

/// What in `e` disturbs a benchmark, including a missing peer.
std::vector<std::string> warnings(const Environment& e);

}  // namespace joule::bench
