// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "joule/core/work.h"
#include "joule/energy/attribution/power_track.h"
#include "joule/energy/clock.h"
#include "joule/energy/ledger.h"

namespace joule::energy {

/// Keeps every call of an operation, and when it began.
///
/// Threads   as Ledger.
/// Cost      one lock and about 150 bytes per operation.
class OpTrace final : public WorkSink {
 public:
  /// Times are counted from now.
  explicit OpTrace(Clock& clock = monotonic_clock()) : clock_(clock), zero_ns_(clock.now_ns()) {}

  Tally* record(const OpRun& run, const Work& nominal) override;

  /// Adds what was recorded since the last call to `ledger`, as if it had been the sink.
  void flush(Ledger& ledger);

  /// The calls as JSON in Chrome's trace event format, complete events ("ph": "X"): ts and dur in
  /// microseconds, a tid for each thread in the order of their first calls.  chrome://tracing and
  /// ui.perfetto.dev show it.  With `power`, on the clock of the calls, there is a track of counter
  /// events ("ph": "C") of that name, in watts.
  std::string to_json(std::string_view power_of = {}, std::span<const PowerPoint> power = {}) const;

 private:
  struct Event {
    OpRun run;
    Work work;
    Tally tally;
    std::int64_t begin_ns = 0;
    std::thread::id thread;
  };

  Clock& clock_;
  std::int64_t zero_ns_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;  // which do not move: operations hold pointers to their tallies
  std::size_t flushed_ = 0;
};

}  // namespace joule::energy
