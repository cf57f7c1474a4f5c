// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "joule/training/config.h"

namespace joule::training {

/// One object, the fields in the order of the table.
nlohmann::ordered_json json_of(const Config& config);

}  // namespace joule::training
