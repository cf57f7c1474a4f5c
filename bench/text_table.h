// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace joule::bench {

/// Columns as wide as their widest cell, the first aligned to the left, the others to the right.
/// The first row is the head, which a rule follows.
///
/// Errors    ArgumentError if a row has not as many cells as the head.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace joule::bench
