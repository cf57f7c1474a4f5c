// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/work.h"

namespace joule {

/// What operations count in `from` belongs to `to`; null: to nobody.
struct TallyMove {
  Tally* from;
  Tally* to;
  friend bool operator==(const TallyMove&, const TallyMove&) = default;
};

/// Captured work, which a device does again with one call.  See Backend::capture.
class DeviceGraph {
 public:
  virtual ~DeviceGraph() = default;
  /// Queues it.  `shift` is added to the Philox counters of its random numbers.  settle_tallies()
  /// moves what it counts, until when both ends of each move must be there.
  virtual void launch(std::uint64_t shift, std::vector<TallyMove> moves) = 0;
};

}  // namespace joule
