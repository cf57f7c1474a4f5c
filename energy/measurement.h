// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/energy/figure.h"
#include "joule/energy/meter.h"
#include "joule/energy/window.h"

namespace joule::energy {

/// What an interval cost.
struct Measurement {
  Figure<Joules> gross;      // measured: everything that the meter's scope drew
  Figure<Joules> idle;       // what it would have drawn anyway: idle power times duration
  Figure<Joules> dynamic;    // gross - idle
  Figure<Watts> power;       // gross / duration
  Figure<Seconds> duration;  // on the monotonic clock
  std::vector<std::string> remarks;
};

/// gross = ticks * unit; idle = idle_power * duration; dynamic = gross - idle.
///
/// Gross and power are measured.  The split applies a rule, so idle and dynamic are attributed, or
/// idle is modelled if its power was only stated.
///
/// Numerics  integers up to the last step.  Uncertainties are bounds, so they add up linearly:
///           that of gross is the power times half an update period per edge (a quarter if
///           aligned; two and one if the meter integrates power), a tick, and the meter's
///           systematic share.  That of dynamic is the sum of both, but the systematic share, the
///           same factor in both if the idle power is of this meter, counts once, on the
///           difference.  None if the update period is not known.
/// Errors    none: what is below the resolution (the uncertainty of the edges is as large as the
///           energy itself), or has no reading, is unavailable with its reason, never 0, and
///           nothing negative is cut off.  ArgumentError if the end lies before the beginning.
/// Source    quantisation and the systematic share of GPUs: docs/energy.md.
Measurement measure(const MeterInfo& meter, const Interval& interval,
                    const Figure<Watts>& idle_power);

/// The same split of an energy that is known up to `width` (and the meter's systematic share), such
/// as a mean over windows.  `duration` must be positive.
Measurement split_energy(const MeterInfo& meter, Joules energy, std::optional<Joules> width,
                         Seconds duration, const Figure<Watts>& idle_power);

/// The measurement that there is not, and why.
Measurement no_measurement(const MeterInfo& meter, const std::string& why);

/// Energy between the readings, and the half-width of what their edges leave open (none if the
/// meter's update period is not known); the systematic share is not in it.
struct Counted {
  Joules energy;
  std::optional<Joules> edges;
};
/// Errors    ArgumentError with unresolved()'s text, if the interval has no energy.
Counted counted(const MeterInfo& meter, const Interval& interval);
/// Why there is no energy: a problem of the meter, or less than it can resolve; empty if there is.
std::string unresolved(const MeterInfo& meter, const Interval& interval);

/// The mean power of intervals in which nothing was run, before and after: their energies over
/// their durations.  Its uncertainty spans their differences.  Intervals without energy are left
/// out; if none remains, it is unavailable.
Figure<Watts> measured_idle_power(const MeterInfo& meter, std::span<const Interval> quiet);

/// Idle power that somebody states (from a data sheet, or an earlier measurement): modelled, as
/// nobody measured it here.
///
/// Errors    ArgumentError if it is negative or not finite.
Figure<Watts> stated_idle_power(Watts power);

/// No idle power, and why.
Figure<Watts> no_idle_power(std::string reason);

/// "rapl, package 0 + DRAM": the source of a meter's figures.
std::string source(const MeterInfo& meter);

}  // namespace joule::energy
