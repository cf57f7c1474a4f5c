// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace joule::bench {

/// The user asked to stop before it was done.
struct Stopped : std::runtime_error {
  Stopped() : std::runtime_error("was stopped") {}
};

/// Runs a program with its arguments to the end and gives what it wrote to standard output.
///
/// Errors    std::runtime_error if it cannot be started or fails: the program, how it ended, and
///           the last line that it wrote to standard error; Stopped once `stop` says so, which is
///           asked all the time and after each signal that is caught: the program has then been
///           ended.
std::string output_of(const std::vector<std::string>& command,
                      const std::function<bool()>& stop = {});

}  // namespace joule::bench
