// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace joule::cli {

/// How a command ended, as a shell would tell it.
struct Ended {
  int exit_code =
      0;           // its own; 128 + n if signal n ended it; 127 if not found, 126 if not runnable
  int signal = 0;  // that ended it, or 0
  std::string problem;  // why it could not be started, or empty
};

/// Runs a command, looked up in PATH, with this program's standard streams, and waits for its end.
/// SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 that another process sends to this program
/// meanwhile are passed on; those of the terminal reach the command by themselves.  If this program
/// dies, even of SIGKILL, the command and all processes that it has started are killed.
///
/// Errors    ArgumentError if there is no command.
Ended run_child(const std::vector<std::string>& command);

}  // namespace joule::cli
