// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/energy/domain.h"
#include "joule/energy/quantity.h"

namespace joule::energy {

/// Whether a meter can be read.
enum class Status {
  ok,
  absent,  // the machine does not offer it
  denied,  // it is there, but not for this user
  failed,  // it is there and does not work (any more)
  off      // nobody wanted one
};
std::string_view name(Status status);

/// A second opinion on a counter: sampled power, integrated since the meter was opened.
struct PowerIntegral {
  std::int64_t microjoules = 0;
  std::int64_t samples = 0;
};

/// One look at a cumulative counter.  The energy between two of the same meter is an Interval's.
struct Reading {
  Status status = Status::ok;
  std::int64_t ticks = 0;         // if ok: the counter; wraps of the hardware are already undone
  Joules unit;                    // energy of a tick
  std::int64_t monotonic_ns = 0;  // when
  /// The counter had moved at most so long before; none: it was not seen to, and may have a whole
  /// update period before.
  std::optional<std::int64_t> late_ns{};
  /// Times that the counter has lost its place (reset, jump, missed wrap, suspend).  Readings whose
  /// numbers differ have no difference.
  std::int64_t resets = 0;
  /// By how many ticks the counter may be off since the meter was opened: each wrap that was undone
  /// might have been a reset that looks like one.
  std::int64_t doubt = 0;
  std::string reason;         // of the status, or of the last reset
  std::int64_t since_ns = 0;  // when that happened
  /// The largest mean power between two readings of windows until now, at least eight update
  /// periods apart; 0 before there are such.
  Watts most_seen{};
  std::optional<PowerIntegral> integral;
  std::int64_t shown = 0;  // what moves once per update period: the ticks, or the sampled power
};

/// What is known of a meter before it is read.
struct MeterInfo {
  std::string name;                      // "rapl"
  std::string scope;                     // what draws the energy: "package 0 + DRAM"
  Domain domain = Domain::unknown;       // the same, for the rule of energy/run_meters.h
  std::string gpu;                       // PCI bus id of the card, of a live meter of one
  Joules unit;                           // of a tick: the resolution
  std::optional<Seconds> update_period;  // how often the counter moves, from calibrate()
  double systematic = 0;                 // relative error that repeating does not reduce: .05
  /// More than this nothing in the scope draws, not even for an update period: what the counter
  /// says beyond it is no energy.  None: not known.
  std::optional<Watts> most;
  /// What it draws at most over an update period, if the source states its power limit: not with
  /// the margin of `most`, so that peaks may go above it, but not for a whole period.
  std::optional<Watts> limit{};
  /// Not a counter: the ticks are samples of power, integrated.  What was drawn between two of them
  /// nobody knows, so that an edge leaves more of a window open than a counter's does.
  bool integrates_power = false;
  /// Each sample is the power of a moment, and not a mean since the one before.
  bool samples_moments = false;
  std::optional<double> band_hz;         // the power changes no faster: no component above it
  std::optional<Seconds> sample_period;  // a window reads at least that often in the background
  std::string ran;                    // of a replay: what was run when it was recorded, if it says
  std::vector<std::int64_t> loops{};  // and how often each operation ran in a loop of its own
  Status status = Status::ok;
  std::string reason;  // why it cannot be read
  std::string remedy;  // and what to do about it
  std::vector<std::string> remarks;

  /// How far the mean power may be from the `mean` of the samples, at most: 0 unless they are of
  /// moments; none if nothing bounds it.  With power in [0, most], the smaller of
  ///
  ///   max(mean, most - mean)                      whatever it did in between
  ///   (2 pi band_hz update_period)^2 / 12 * most / 2      the trapezoid rule's remainder
  ///
  /// Source    Bernstein's inequality: |p''| <= (2 pi f)^2 max |p - most / 2|.
  std::optional<Watts> aliasing(Watts mean) const;
};

/// Why a reading is taken: for a window's edge; to cut a quiet spell into slices; by a thread that
/// looks in.  A replay answers the first kind from its trace, the second if there are any, and the
/// third not, so that how often a thread looked in does not change the result.
enum class Purpose { window, slice, background };

}  // namespace joule::energy
