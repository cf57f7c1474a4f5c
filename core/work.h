// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "joule/core/scope.h"

namespace joule {

/// What an operation costs in the dense algorithm, computed from shapes alone.
struct Work {
  std::int64_t macs = 0;        // multiply-accumulates; for convolutions only taps inside the image
  std::int64_t bytes_read = 0;  // compulsory traffic: each operand once
  std::int64_t bytes_written = 0;

  Work& operator+=(const Work& o) {
    macs += o.macs;
    bytes_read += o.bytes_read;
    bytes_written += o.bytes_written;
    return *this;
  }
  friend bool operator==(const Work&, const Work&) = default;
};

/// What only the run can know; kernels add, never store.  What ran on another device than the CPU
/// is in it after settle_tallies() (core/backend/backend.h).
struct Tally {
  std::int64_t macs_skippable = 0;  // had a zero operand, or make what is then multiplied by zero
  std::int64_t macs_skipped = 0;    // those of them that were not executed because of it
  std::int64_t values_in = 0;       // of the operand whose zeros count (an op without MACs: none)
  std::int64_t values_in_nonzero = 0;
  std::int64_t nanoseconds = 0;  // from call to return by the monotonic clock; cuda: on the device

  Tally& operator+=(const Tally& o) {
    macs_skippable += o.macs_skippable;
    macs_skipped += o.macs_skipped;
    values_in += o.values_in;
    values_in_nonzero += o.values_in_nonzero;
    nanoseconds += o.nanoseconds;
    return *this;
  }
};

/// Which run of which operation, where in the net.
struct OpRun {
  std::string_view op;
  std::string_view implementation;
  Scope scope;
};

/// Receives one record per dispatched operation.  Implemented in energy/.
class WorkSink {
 public:
  virtual ~WorkSink() = default;
  /// Returns where the run adds its tally, or null if it need not count.
  virtual Tally* record(const OpRun& run, const Work& nominal) = 0;
};

}  // namespace joule
