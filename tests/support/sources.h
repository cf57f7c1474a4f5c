// SPDX-License-Identifier: MIT
#pragma once
#include <string>

namespace joule::test {

/// Where a file of the sources lies: `source_path("docs/energy.md")`.  Of all that tests are
/// compiled from, one file alone knows the folder, so that a compiler cache serves checkouts in
/// different folders.
std::string source_path(const std::string& name);

}  // namespace joule::test
