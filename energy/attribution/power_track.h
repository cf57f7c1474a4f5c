// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "joule/energy/meter.h"
#include "joule/energy/sampler.h"

namespace joule::energy {

/// A mean power, from this time until that of the next point.
struct PowerPoint {
  std::int64_t ns = 0;  // on the meter's clock
  Watts power;
};

/// The power that a meter shows, as fast as its counter tells it: a thread reads it every five
/// update periods from construction to stop().
///
/// Cost      a reading, for which a thread has to wake, per five update periods: see
///           share_of_a_core().  More of them would tell no more, as they leave a period open each.
/// Numerics  a point is the mean between two readings, which leave one of its five periods open: it
///           is within 20 % of the mean power, and the points' sum is that of the counter.
/// Errors    ArgumentError if the meter's update period is not known.
class PowerTrack {
 public:
  explicit PowerTrack(Meter& meter);

  void stop();
  /// Where the counter could be read, and kept its place.  The last has no power: it ends the one
  /// before.
  std::vector<PowerPoint> points() const;
  /// Processor time of the thread over the time that it ran.
  double share_of_a_core() const;

 private:
  struct Seen {
    std::int64_t ns, ticks, resets;
  };
  void see(const Reading& reading);

  Meter& meter_;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::int64_t begin_ns_, end_ns_ = 0;
  std::atomic<std::int64_t> cpu_ns_ = 0;
  std::unique_ptr<Sampler> sampler_;  // last: its thread uses the others
};

}  // namespace joule::energy
