// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cli {

/// While it lives, the first Ctrl-C (SIGINT) or SIGTERM only sets a flag; a second one ends the
/// program.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const;
};

}  // namespace joule::cli
