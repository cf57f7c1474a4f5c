// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace joule::exchange {

/// How values are distributed, in buckets of TensorBoard's kind: their limits are 0 and
/// +-1e-12 * 1.1^k up to 1e20, so a bucket is 10 % wide relative to its values, and everything
/// beyond is in the first and the last.
///
/// Cost      add(): a binary search among 1549 limits per value.
/// Numerics  sums in double, in the order of the values.
class Histogram {
 public:
  Histogram();

  /// Values that are not finite are counted apart, and are in nothing else.
  void add(std::span<const float> values);

  std::int64_t count() const { return count_; }
  std::int64_t not_finite() const { return not_finite_; }
  /// Of the finite values; +inf and -inf if there are none.
  double min() const { return min_; }
  double max() const { return max_; }
  double sum() const { return sum_; }
  double sum_squares() const { return sum_squares_; }

  /// `count` values lie below `limit`, and not below the limit of the bucket before.
  struct Bucket {
    double limit = 0;
    std::int64_t count = 0;
    friend bool operator==(const Bucket&, const Bucket&) = default;
  };
  /// Contiguous; neighbours without a value are one bucket.  None if count() is 0.
  std::vector<Bucket> buckets() const;

 private:
  std::vector<std::int64_t> counts_;  // by limit
  std::int64_t count_ = 0, not_finite_ = 0;
  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0, sum_squares_ = 0;
};

}  // namespace joule::exchange
