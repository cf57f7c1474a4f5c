// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/energy/measurement.h"
#include "joule/energy/window_sum.h"

namespace joule::energy {

/// Of what a total is: each component that is known of is in one of the three.
struct Scope {
  std::vector<std::string> covers;  // sources that are in it
  std::vector<std::string> lacks;   // what is not, and why
  std::vector<std::string> denied;  // what is there, but not for this user
  bool machine = false;             // all of it is covered: at the plug, or by its batteries
};

/// That of the sum of the meters that are not beside it.
Scope scope_of(std::span<const WindowSum> meters);

/// "covers: ...", "lacks: ...", "denied: ...": a line for each that there is.
std::vector<std::string> lines_of(const Scope& scope);

/// What a meter of the whole machine counted beyond the meters of its parts: power supply, disks,
/// fans, and whatever no meter is of.
struct Closure {
  Figure<Joules> wall, parts, rest;  // rest = wall - parts; their bounds add up
  std::vector<std::string> of;       // the sources of the parts
  std::string remark{};              // if the rest is less than nothing can explain
};

/// None unless one meter of the whole machine and at least one of a part of it were read.  Meters
/// that count the same twice, and those of which it is not known what they count, are left out.
///
/// Errors    ArgumentError if there are not as many measurements as meters.
std::optional<Closure> closure(std::span<const MeterInfo> meters,
                               std::span<const Measurement> measured);

}  // namespace joule::energy
