// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "joule/measure/environment.h"

namespace joule::measure {

/// The block `environment` of every JSON with figures; docs/schemas/joule.common.json has its
/// members.  What is not told is null; `gpu` is there only with one.
nlohmann::ordered_json json_of(const Environment& environment);

/// That of this process now, as text, for those who cannot ask.
std::string environment_json();

}  // namespace joule::measure
