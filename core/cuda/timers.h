// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "joule/core/cuda/check.h"
#include "joule/core/work.h"

namespace joule::cuda {

/// Events before and after a section of a stream.
struct TimedSection {
  TimedSection();

  /// Both events must have been recorded, and the section be over.
  std::int64_t nanoseconds() const;

  Event start, stop;
};

/// Times sections of a stream with pairs of events, without waiting for them.  Not thread-safe.
class Timers {
 public:
  explicit Timers(cudaStream_t stream) : stream_(stream) {}

  /// Records the first event; pass the result to stop().
  std::int64_t start();
  /// Records the second event.  A later call of stop() or settle() adds the time to `tally`.
  void stop(std::int64_t started, Tally* tally);
  /// Waits for the stream and adds all outstanding times.
  void settle();

 private:
  struct Stopped {
    std::size_t section;
    Tally* tally;
  };
  void add(const Stopped& stopped);
  void add_finished();

  // If more stopped timers than this wait, stop() adds the finished ones: they cannot pile up.
  static constexpr std::size_t kWaiting = 1024;
  cudaStream_t stream_;
  std::vector<TimedSection> sections_;
  std::vector<std::size_t> free_;
  std::deque<Stopped> stopped_;  // in the order of the stream
};

}  // namespace joule::cuda
