// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "joule/energy/figure.h"
#include "joule/energy/meter.h"
#include "joule/energy/window.h"

namespace joule::energy {

/// The power that is drawn when nothing runs, and how it fluctuates.
struct IdlePower {
  /// One that does not fluctuate, or that somebody stated.
  IdlePower(Figure<Watts> of_power) : mean(std::move(of_power)) {}  // NOLINT(google-explicit-*)

  /// Its long-term mean.  Half of the interval's width is `sampling`, a bound of what the spells'
  /// edges leave open, their drift and the meter's systematic share.
  Figure<Watts> mean;
  Watts sampling;           // half the 95 % interval of what it fluctuated while it was watched
  double noise = 0;         // W sqrt(s): half the 95 % interval of a mean over 1 s around the mean
  std::string remark = {};  // what there is to say of it

  bool available() const { return mean.available(); }
  Watts value() const { return mean.value(); }
  Quality quality() const { return mean.quality(); }
  const std::string& reason() const { return mean.reason(); }

  /// Half the width of the interval around value() of the idle power's mean over a window that
  /// lasts `window`:
  ///
  ///   bounds + sqrt(sampling^2 + noise^2 / window)
  ///
  /// None if the fluctuation is not known: the power was read over one spell as a whole.
  std::optional<Watts> half_width(Seconds window) const;
};

/// A spell in which nothing runs, slice by slice.
struct Quiet {
  std::vector<Interval> slices;

  Interval whole() const { return {slices.front().begin, slices.back().end}; }
};

/// Waits for `time`, in which nothing is to run, and reads the meters meanwhile: 40 times, but no
/// more often than every 50 ms, nor than their counters move.  Edges of slices wait for the
/// counter to move.  If `stop` says so, it ends no more than 50 ms later.
///
/// Returns   one spell for each meter.
/// Cost      `time`, and two update periods; ten where a counter stands still.
std::vector<Quiet> watch_idle(std::span<const std::unique_ptr<Meter>> meters, Seconds time,
                              const std::function<bool()>& stop = {});
Quiet watch_idle(Meter& meter, Seconds time, const std::function<bool()>& stop = {});

/// The mean power of spells in which nothing was run, before and after: the mean of theirs.
///
/// Where a spell has at least 8 slices, `sampling` and `noise` are those of NoisyLevel: noise that
/// resembles its neighbours in time, with an autocorrelation that the slices tell.  If the spells'
/// means are further apart than that explains, half of the excess is a bound on top: the idle power
/// is taken to lie between them while the work runs.  A remark says so.  Noise that is slower than
/// a spell is long is not seen in it.
///
/// Spells without slices are draws of Student's t: the idle power during the work is one more.
/// From a single one there is a mean, and no interval.
///
/// Errors    none: spells without energy are left out; if none remains, it is unavailable.
IdlePower measured_idle_power(const MeterInfo& meter, std::span<const Quiet> quiet);

/// Idle power that somebody states (from a data sheet, or an earlier measurement): modelled, as
/// nobody measured it here.
///
/// Errors    ArgumentError if it is negative or not finite.
IdlePower stated_idle_power(Watts power);

/// No idle power, and why.
IdlePower no_idle_power(std::string reason);

}  // namespace joule::energy
