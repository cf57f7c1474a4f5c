// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/work.h"

namespace joule {

/// Counts that captured operations add to `from` go to `to`; they are dropped if that is null.
struct TallyMove {
  Tally* from;
  Tally* to;
  friend bool operator==(const TallyMove&, const TallyMove&) = default;
};

/// Captured work, which a device repeats with one call.  See Backend::capture().
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  /// Queues the work.  `shift` is added to the Philox counters of its random numbers.
  /// settle_tallies() moves the counts; both ends of each move must live until then.
  virtual void launch(std::uint64_t shift, std::vector<TallyMove> moves) = 0;
  /// As launch(), waits for the end, and returns the nanoseconds between start_timer() and
  /// stop_timer() of the backend in this launch: of each pair in the captured work, in the order of
  /// the starts.
  virtual std::vector<std::int64_t> launch_timed(std::uint64_t shift,
                                                 std::vector<TallyMove> moves) = 0;
};

}  // namespace joule
