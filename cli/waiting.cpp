// SPDX-License-Identifier: MIT
#include "cli/waiting.h"

#include <unistd.h>

#include <cstdlib>

namespace joule::cli {
namespace {

constexpr const char* kPolicy = "OMP_WAIT_POLICY";
constexpr const char* kStartedAnew = "JOULE_STARTED_ANEW";

}  // namespace

void sleep_while_waiting(char** arguments) {
  if (std::getenv(kStartedAnew)) {  // OpenMP has read it
    unsetenv(kStartedAnew);
    unsetenv(kPolicy);
    return;
  }
  if (std::getenv(kPolicy) || std::getenv("GOMP_SPINCOUNT")) return;
  setenv(kPolicy, "passive", 0);
  setenv(kStartedAnew, "1", 1);
  execv("/proc/self/exe", arguments);
  unsetenv(kStartedAnew);
  unsetenv(kPolicy);
}

}  // namespace joule::cli
