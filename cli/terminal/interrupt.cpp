// SPDX-License-Identifier: MIT
#include "joule/cli/terminal/interrupt.h"

namespace joule::cli {
namespace {

volatile std::sig_atomic_t caught = 0;

std::vector<int>& ignored() {
  static std::vector<int> signals;
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  caught = 0;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Before before{.signal = signal};
    sigaction(signal, nullptr, &before.action);
    if (before.action.sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = [](int) { caught = 1; };
    // SA_RESETHAND: the second one finds the default action.
    action.sa_flags = SA_RESTART | (signal == SIGHUP ? 0 : static_cast<int>(SA_RESETHAND));
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
    before_.push_back(before);
  }
}

Interrupt::~Interrupt() {
  for (const Before& before : before_) sigaction(before.signal, &before.action, nullptr);
}

bool Interrupt::requested() const { return caught != 0; }

void ignore_signals_of_writing() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) {
    if (std::signal(signal, SIG_IGN) != SIG_IGN) ignored().push_back(signal);
  }
}

std::vector<int> ignored_here() { return ignored(); }

}  // namespace joule::cli
