// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "joule/core/scope.h"

namespace joule {

/// The cost of an operation's dense algorithm, computed from shapes alone.
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

/// Counts that are known only after the run; kernels add to them and never overwrite.  Counts of a
/// device other than the CPU arrive with settle_tallies() (core/backend/backend.h).
struct Tally {
  std::int64_t macs_skippable = 0;  // with a zero operand, or with a result that is multiplied by 0
  std::int64_t macs_skipped = 0;  // those of macs_skippable that were not executed for that reason
  std::int64_t values_in = 0;     // of the operand whose zeros count (0 for an op without MACs)
  std::int64_t values_in_nonzero = 0;
  std::int64_t nanoseconds = 0;  // call to return, by the monotonic clock; cuda: on the device

  Tally& operator+=(const Tally& o) {
    macs_skippable += o.macs_skippable;
    macs_skipped += o.macs_skipped;
    values_in += o.values_in;
    values_in_nonzero += o.values_in_nonzero;
    nanoseconds += o.nanoseconds;
    return *this;
  }
};

/// Identifies one run: the operation, its implementation, and its place in the net.
struct OpRun {
  std::string_view op;
  std::string_view implementation;
  Scope scope;
};

/// Receives one record per dispatched operation.  Implemented in energy/.
class WorkSink {
 public:
  virtual ~WorkSink() = default;
  /// Returns the tally to which the run adds, or null if it need not count.
  virtual Tally* record(const OpRun& run, const Work& nominal) = 0;
};

}  // namespace joule
