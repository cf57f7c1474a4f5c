// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

// Lines that show progress.
namespace joule::cli {

/// "1:07", "2:03:59".
std::string duration(double seconds);

/// A bar's line: as many parts as fit, from the front, with two spaces between them; the bar takes
/// the remaining width, or is left out.
std::string fitted(const std::string& begin, double share, const std::vector<std::string>& parts,
                   std::size_t width);

}  // namespace joule::cli
