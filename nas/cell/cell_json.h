// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "joule/nas/cell/cell.h"

namespace joule::nas {

/// {"matrix": [[0,1,..],..], "ops": ["input", "conv3x3-bn-relu", .., "output"]}.
nlohmann::ordered_json json_of(const Cell& cell);

/// The inverse.  Also accepts the authors' names module_adjacency and module_operations; a matrix
/// as a string of digits; operations as labels, as a string with commas, and without the two ends.
/// Other members are ignored, so a record of a cell is a cell.
///
/// Errors    ArgumentError that says what is wrong; as Cell().
Cell cell_of_json(const nlohmann::ordered_json& value);

}  // namespace joule::nas
