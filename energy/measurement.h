// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/energy/figure.h"
#include "joule/energy/meter.h"
#include "joule/energy/models/idle_power.h"
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
/// Numerics  integers up to the last step.  The uncertainty of gross is a bound: a counter misses
///           what was drawn since it last moved, up to an update period (Reading::late_ns if it was
///           seen to move), too much at the beginning, too little at the end.  So it is the larger
///           of these two times, times the power at the edges, a tick, the doubt of wraps and the
///           meter's systematic share; of a meter that integrates power two periods per edge.
///           That power is the meter's limit; without one it is not known, and taken to be at most
///           the largest mean power of this window and of all those before it.
///           Of idle it is the 95 % interval of IdlePower::half_width().  That of dynamic is the
///           sum of both, but the systematic share, the same factor in both if the idle power is of
///           this meter, counts once, on the difference.  None if the update period is not known.
/// Errors    none: what is below the resolution (the uncertainty of the edges and the systematic
///           share are as large as the energy itself), or has no reading, is unavailable with its
///           reason, never 0, and nothing negative is cut off.  ArgumentError if the end lies
///           before the beginning.
/// Source    quantisation and the systematic share of GPUs: docs/energy.md.
Measurement measure(const MeterInfo& meter, const Interval& interval, const IdlePower& idle_power);

/// The same split of an energy that is known up to `width` (and the meter's systematic share), such
/// as a mean over windows.  `duration` must be positive.
Measurement split_energy(const MeterInfo& meter, Joules energy, std::optional<Joules> width,
                         Seconds duration, const IdlePower& idle_power);

/// The measurement that there is not, and why.
Measurement no_measurement(const MeterInfo& meter, const std::string& why);

/// Energy between the readings, and how far off it is at most; the systematic share is not in it.
struct Counted {
  Joules energy;
  std::optional<Joules> edges{};    // what the edges leave open; none without an update period
  std::optional<Joules> between{};  // what samples of power may have missed; none if not bounded

  std::optional<Joules> width() const {
    return edges && between ? std::optional(*edges + *between) : std::nullopt;
  }
};
/// Errors    ArgumentError as Interval::ticks().
Counted count(const MeterInfo& meter, const Interval& interval);
/// Errors    ArgumentError with unresolved()'s text, if the interval has no energy.
Counted counted(const MeterInfo& meter, const Interval& interval);
/// Why there is no energy: a problem of the meter, or less than it can resolve; empty if there is.
std::string unresolved(const MeterInfo& meter, const Interval& interval);

/// "rapl, package 0 + DRAM": the source of a meter's figures.
std::string source(const MeterInfo& meter);

}  // namespace joule::energy
