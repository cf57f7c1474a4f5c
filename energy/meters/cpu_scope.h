// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

namespace joule::energy {

/// "package 0 + DRAM", "packages 0 and 1, without DRAM".
std::string cpu_scope(const std::set<int>& packages, bool dram);

/// The text without white space at its ends, as files of the kernel end in a line feed.
std::string trimmed(const std::string& text);

}  // namespace joule::energy
