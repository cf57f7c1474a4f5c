// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "joule/bench/statistics.h"

namespace joule::bench {

/// The limits of this machine, sampled between the measurements that are compared with them.
class Roofline {
 public:
  /// Allocates the arrays of sample_memory(): three of together four times the last-level cache,
  /// but at least 192 MiB, and at most 1 GiB and an eighth of the memory.
  Roofline();

  /// Fused multiply-adds on registers only, by all threads at once; a fraction of a millisecond.
  void sample_compute();
  /// a[i] = b[i] + s c[i], by all threads; counts the twelve bytes that the formula moves.
  ///
  /// Source    McCalpin 1995, STREAM (triad), in float32.
  void sample_memory();

  /// Floating-point operations per second; a multiply-add counts as two.  The peak is the maximum.
  Spread flops() const { return spread(flops_); }
  /// Bytes per second.
  Spread bandwidth() const { return spread(bandwidth_); }

  std::int64_t bytes_of_arrays() const { return 3 * static_cast<std::int64_t>(length_ * 4); }
  /// Bytes of the system's last-level cache; 0 if unknown.
  static std::int64_t last_level_cache();

 private:
  std::size_t length_;
  std::unique_ptr<float[]> a_, b_, c_;
  std::vector<double> flops_, bandwidth_;
};

}  // namespace joule::bench
