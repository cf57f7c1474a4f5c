// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <vector>

namespace joule::cli {

/// During its lifetime, Ctrl-C (SIGINT), SIGTERM and SIGHUP only set a flag.  A second SIGINT or
/// SIGTERM ends the program; a second SIGHUP does not, because closing a terminal sends it twice:
/// from the kernel and from the shell.
///
/// A signal that the program's parent made it ignore (nohup; a shell that starts it in the
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

/// From now on, writing to a pipe without a reader, or beyond the file size limit, is an error to
/// report instead of a death by SIGPIPE or SIGXFSZ.  Call it once, at the start.
void ignore_signals_of_writing();
/// Those of the two signals that were not ignored before, and must not be ignored in a program that
/// this one starts.
std::vector<int> ignored_here();

}  // namespace joule::cli
