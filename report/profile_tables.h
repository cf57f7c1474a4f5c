// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/energy/attribution/profile.h"
#include "joule/report/page.h"

// The tables of a profile's page.
namespace joule::report {

/// The sum of the forward passes' lines for which `wanted(line)` holds.
template <class Predicate>
energy::Totals forward_work(const energy::Profile& profile, Predicate&& wanted) {
  energy::Totals sum;
  for (const energy::Ledger::Line& line : profile.lines) {
    if (line.run.scope.phase == Phase::forward && wanted(line)) sum += line;
  }
  return sum;
}

/// The names that distinguish rows, and the meaning of each.
std::vector<std::string> names(const energy::ProfileRow& row, energy::By by);
std::vector<std::string> heads(energy::By by);
/// The label of a row within its grouping: "conv1", "conv2d onednn".
std::string label(const energy::ProfileRow& row, energy::By by);

/// All rows, the total last.
Table table_of(const energy::Profile& profile, energy::By by, std::string caption);

/// The meter's readings.  The profile's windows must not be empty.
Table window_table(const energy::Profile& profile);

/// Each operation's energy per call as it was attributed, beside what it took in a loop by itself.
///
/// Errors    ArgumentError if the profile was not verified.
Table verification_table(const energy::Profile& profile, const char* plus_minus);
/// What is to be said of it: in how many the two agree, and what is missing or was not at rest.
std::vector<std::string> verification_remarks(const energy::Profile& profile);

/// Machine, meter and method, and the sources of energy.
void add_environment(Page& page, const energy::Profile& profile);

}  // namespace joule::report
