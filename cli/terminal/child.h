// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace joule::cli {

/// How a command ended, in the terms of a shell.
struct Ended {
  int exit_code =
      0;           // its own; 128 + n if signal n ended it; 127 if not found, 126 if not runnable
  int signal = 0;  // the signal that ended it, or 0
  std::string problem;  // why it could not be started, or empty
};

/// Runs a command, looked up in PATH, with this program's standard streams, and waits for its end.
/// Passes on SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 that another process sends to
/// this program meanwhile; those of the terminal reach the command directly.  If this program dies,
/// even by SIGKILL, the command and all processes that it has started are killed.
///
/// Errors    ArgumentError if there is no command.
Ended run_child(const std::vector<std::string>& command);

}  // namespace joule::cli
