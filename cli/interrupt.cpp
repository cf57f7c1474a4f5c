// SPDX-License-Identifier: MIT
#include "cli/interrupt.h"

#include <csignal>

namespace joule::cli {
namespace {

volatile std::sig_atomic_t caught = 0;

void set_handler(int flags, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  caught = 0;
  // SA_RESETHAND: the second one finds the default action.
  set_handler(static_cast<int>(SA_RESETHAND) | SA_RESTART, [](int) { caught = 1; });
}
Interrupt::~Interrupt() { set_handler(0, SIG_DFL); }
bool Interrupt::requested() const { return caught != 0; }

}  // namespace joule::cli
