// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <vector>

namespace joule::cli {

/// While it lives, Ctrl-C (SIGINT), SIGTERM and SIGHUP only set a flag.  A second SIGINT or SIGTERM
/// ends the program; a second SIGHUP does not, as a terminal that is closed sends it twice: the
/// kernel does, and the shell does.
///
/// A signal that whoever started the program made it ignore (nohup; a shell that starts it in the
/// background) stays ignored.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const;

 private:
  struct Before {
    int signal;
    struct sigaction action;
  };
  std::vector<Before> before_;
};

/// From now on a write to a pipe without a reader, or beyond the size that a file may have, is an
/// error to report instead of a death by SIGPIPE or SIGXFSZ.  Once, at the start.
void ignore_signals_of_writing();
/// Those of the two that were not ignored before, and are not to be in a program that this one
/// starts.
std::vector<int> ignored_here();

}  // namespace joule::cli
