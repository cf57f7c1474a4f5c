// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/cli/options/execution.h"
#include "joule/report/figures.h"

namespace joule::cli {

/// Machine and program of a profile, and what else its figures depend on.
struct ProfileEnvironment {
  report::Pairs texts;  // for people
  std::string json;     // the block `environment`
};

/// Of this process, now; without times also without what differs from day to day.
ProfileEnvironment profile_environment(const Execution& execution, bool times);

}  // namespace joule::cli
