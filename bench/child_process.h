// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace joule::bench {

/// Runs a program with its arguments to the end and gives what it wrote to standard output.
///
/// Errors    std::runtime_error if it cannot be started or fails: the program, how it ended, and
/// the
///           last line that it wrote to standard error.
std::string output_of(const std::vector<std::string>& command);

}  // namespace joule::bench
