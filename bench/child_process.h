// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace joule::bench {

/// The user stopped it before it was done.
struct Stopped : std::runtime_error {
  Stopped() : std::runtime_error("was stopped") {}
};

/// Runs a program with its arguments to the end; returns what it wrote to standard output.
///
/// Errors    std::runtime_error if it cannot be started or fails: the program, how it ended, and
///           the last line on its standard error; Stopped once `stop` returns true, after ending
///           the program.  `stop` is called continually, and after each
///           signal that is caught.
std::string output_of(const std::vector<std::string>& command,
                      const std::function<bool()>& stop = {});

}  // namespace joule::bench
