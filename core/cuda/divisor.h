// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <bit>
#include <cstdint>

namespace joule::cuda {

/// Divides by a number that the host knows, by a multiplication and a shift: a division of 64 bits
/// takes a GPU about a hundred instructions.
///
/// Numerics  exact for 0 <= n < 2^63.
/// Source    Granlund & Montgomery 1994, doi:10.1145/178243.178249: with l = ceil(log2 d) and
///           m = ceil(2^(63 + l) / d), floor(n / d) = floor(n m / 2^(63 + l)).
class Divisor {
 public:
  /// d >= 1
  explicit Divisor(int d) : divisor_(d), shift_(std::bit_width(static_cast<unsigned>(d - 1))) {
    // 2^63 = multiplier d + rest, doubled l times.
    const auto divisor = static_cast<std::uint64_t>(d);
    std::uint64_t rest = (std::uint64_t{1} << 63) % divisor;
    multiplier_ = (std::uint64_t{1} << 63) / divisor;
    for (int i = 0; i < static_cast<int>(shift_); ++i) {
      rest *= 2;
      multiplier_ = 2 * multiplier_ + (rest >= divisor);
      if (rest >= divisor) rest -= divisor;
    }
    multiplier_ += rest > 0;
  }

  struct Parts {
    std::int64_t quotient;
    int remainder;
  };
  __device__ Parts split(std::int64_t n) const {
    const auto twice = static_cast<std::uint64_t>(n) * 2;
    const auto quotient = static_cast<std::int64_t>(__umul64hi(twice, multiplier_) >> shift_);
    return {quotient, static_cast<int>(n - quotient * divisor_)};
  }

 private:
  std::uint64_t multiplier_;
  int divisor_;
  unsigned shift_;
};

}  // namespace joule::cuda
