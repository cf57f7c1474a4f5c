// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "joule/energy/meter.h"
#include "joule/energy/quantity.h"
#include "joule/energy/window.h"

namespace joule::energy {

/// Windows of one meter that follow on each other, each from the reading with which the one before
/// ended.  What such a reading leaves open is too much in one of its neighbours and too little in
/// the other, and not in their sum: only the first and the last reading leave the sum open.
///
/// So it is if they do not share a reading, but the counter did not move between the two: the sum
/// then lacks what was drawn in the gap, and nothing else.
struct Chain {
  struct Edge {
    std::int64_t ns = 0, ticks = 0;  // of the reading
    Seconds open;                    // for so long the counter may not have moved before it
    friend bool operator==(const Edge&, const Edge&) = default;
  };
  Edge begin, end;
  Watts power;       // the largest at the edges: the meter's limit, or what was seen until the end
  double doubt = 0;  // ticks that wraps may have put it off by
  Seconds gaps{};    // between windows, in which the counter did not move

  /// Half the width of what the edges leave open, ticks and doubts included.  With P the larger of
  /// `power` and the mean power in between:
  ///
  ///   P (max(open at begin, open at end) + gaps) + (1 + doubt) unit  of a counter, late at both
  ///   P (open at begin + open at end + gaps) + (1 + doubt) unit      of sampled power
  Joules edges(Joules unit, bool sampled) const;

  /// Goes on with `next` if that begins with the reading with which this one ended, or behind a gap
  /// that leaves less open than two edges do.
  bool append(const Chain& next);

  friend bool operator==(const Chain&, const Chain&) = default;
};

/// One window; none if the meter's update period is not known.
///
/// Errors    ArgumentError as Interval::ticks().
std::optional<Chain> chain_of(const MeterInfo& meter, const Interval& window);

}  // namespace joule::energy
