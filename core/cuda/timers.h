// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <vector>

#include "joule/core/cuda/check.h"
#include "joule/core/work.h"

namespace joule::cuda {

/// Times stretches of a stream with pairs of events, without waiting for them.  Not thread-safe.
class Timers {
 public:
  explicit Timers(cudaStream_t stream) : stream_(stream) {}

  /// Records the first event; the result is for stop().
  std::int64_t start();
  /// Records the second.  The time goes to `tally` at a later call of stop() or settle().
  void stop(std::int64_t started, Tally* tally);
  /// Waits for the stream, and adds all times.
  void settle();

 private:
  struct Pair {
    Event start, stop;
  };
  struct Stopped {
    std::size_t pair;
    Tally* tally;
  };
  void add(const Stopped& stopped);
  void add_finished();

  // A timer that is stopped is looked at again once this many others are: nothing piles up.
  static constexpr std::size_t kWaiting = 1024;
  cudaStream_t stream_;
  std::vector<Pair> pairs_;
  std::vector<std::size_t> free_;
  std::deque<Stopped> stopped_;  // in the order of the stream
};

}  // namespace joule::cuda
