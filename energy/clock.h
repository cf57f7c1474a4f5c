// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::energy {

/// A monotonic clock and waiting by it.  Windows, meters and calibration take their time from one,
/// so that tests run on simulated time.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ns() = 0;  // never goes backwards; its zero means nothing
  virtual void sleep_ns(std::int64_t ns) = 0;
  /// How long the machine has been suspended so far, meanwhile this clock stood still.
  virtual std::int64_t suspended_ns() { return 0; }
  /// Time passes only in sleep_ns(): no thread looks in meanwhile.
  virtual bool simulated() const { return false; }
};

/// The system's: CLOCK_MONOTONIC, which no one sets and which stands still in suspend;
/// CLOCK_BOOTTIME, which does not, tells how long that was.
Clock& monotonic_clock();

}  // namespace joule::energy
