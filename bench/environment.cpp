// SPDX-License-Identifier: MIT
#include "joule/bench/environment.h"

namespace joule::bench {

Environment environment() {
  Environment e = measure::environment();
  e.warnings = warnings(e);
  return e;
}

std::vector<std::string> warnings(const Environment& e) {
  std::vector<std::string> all = disturbances(e);
  if (!e.onednn) {
    all.push_back(
        "oneDNN: not in this build, so convolutions have no peer and no speed-up; install "
        "libdnnl-dev and configure again");
  }
  return all;
}

}  // namespace joule::bench
