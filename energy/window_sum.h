// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "joule/energy/chain.h"
#include "joule/energy/measurement.h"
#include "joule/energy/meter.h"
#include "joule/energy/window.h"

namespace joule::energy {

/// What one meter counted in any number of windows: sums that can be stored, added up over runs
/// that were interrupted, and turned into figures at any time.
struct WindowSum {
  std::string meter, scope;  // as in MeterInfo
  std::string beside{};      // why it is not in the sum of a run; empty if it is
  Joules unit;               // of a tick
  double systematic = 0;
  bool sampled = false;             // the meter integrates power
  Domain domain = Domain::unknown;  // whose energy
  bool denied = false;              // to this user

  std::int64_t ticks = 0, nanoseconds = 0;
  /// What the windows' edges leave open, but for those of `chain`; none if it is not known.
  std::optional<Joules> edges = Joules(0);
  std::optional<Chain> chain{};  // the last windows, as far as they follow on each other
  std::optional<Joules> between = Joules(0);  // what samples of power may have missed

  Joules idle;                                   // idle power times duration
  std::optional<Joules> idle_width = Joules(0);  // bounds of its error; none if unknown
  Joules idle_sampling{};    // half the 95 % interval of it, as the idle power was measured
  double idle_noise = 0;     // the square of that, as it fluctuated in the windows, J^2
  bool idle_stated = false;  // modelled, not measured
  std::string no_idle;       // why the idle energy is not known

  std::string missing;  // why the energy of some of the windows is not known

  friend bool operator==(const WindowSum&, const WindowSum&) = default;
};

/// The sum of no window.
WindowSum no_windows(const MeterInfo& meter);

/// One window as a sum.  A window that is too short to be resolved counts all the same; one whose
/// meter failed adds nothing, and is `missing`: "PLACE: REASON".
WindowSum sum_of(const MeterInfo& meter, const Interval& window, const IdlePower& idle_power,
                 const std::string& place);

/// Adds the windows of the same meter, in the sum or beside it as `to` is.  If they go on where
/// those of `to` ended, that leaves nothing of the sum open: see Chain.
void add(WindowSum& to, const WindowSum& more);

/// Gross, idle and dynamic energy.
///
/// Numerics  gross = ticks * unit.  Bounds of the windows add up, but those of edges that they
///           share: see Chain.  So do the intervals of the idle
///           power, which is one for all; how it fluctuated in each is drawn anew, and adds up in
///           squares.
/// Errors    none: what is missing, has not moved the counter, or is within the uncertainty of the
///           windows' edges, is unavailable with its reason.
Measurement measure(const WindowSum& sum);

/// The energies of meters with different scopes together.
struct EnergySplit {
  Figure<Joules> gross, idle, dynamic;
};
/// The sums of the figures of the meters that are not beside the sum, and of their uncertainties. A
/// sum is unavailable if a part is, if there is none, or if one part is attributed and another
/// modelled.
///
/// Errors    ArgumentError if there is no meter.
EnergySplit total(std::span<const WindowSum> meters);

}  // namespace joule::energy
