// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "joule/energy/attribution/profile.h"
#include "joule/measure/profile_run.h"

namespace joule::measure {

/// What ran, and what was read meanwhile.
struct Profiled {
  const Subject& subject;
  const ProfilePlan& plan;
  const ProfileRun& run;
  const energy::MeterInfo& meter;  // whose energy is shared out
  /// Of run.beside, and why their energy is not in the sum.
  std::span<energy::Meter* const> beside;
  std::span<const std::string> why;
  /// In which nothing ran: before the window, behind it, and any others.
  std::span<const energy::Quiet> quiet;
  const energy::IdlePower& idle_power;
  const energy::CostModel& cost;
};

/// The energy of the window, shared out by this rule.
///
/// Errors    as the rule's function in energy/attribution/attribution.h.
energy::Attribution attributed_by(energy::Rule rule, const Profiled& of);

/// The profile, with this attribution and its remarks as notes, and all meters of the machine as
/// sources.  Without the environment, which the caller knows.
energy::Profile describe(const Profiled& of, energy::Attribution attribution);

}  // namespace joule::measure
