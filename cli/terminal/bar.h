// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

// Lines that show how far something has come.
namespace joule::cli {

/// "1:07", "2:03:59".
std::string duration(double seconds);

/// The parts of a bar's line, two spaces between them: as many from the front as fit, and the bar
/// as wide as is left, or not at all.
std::string fitted(const std::string& begin, double share, const std::vector<std::string>& parts,
                   std::size_t width);

}  // namespace joule::cli
