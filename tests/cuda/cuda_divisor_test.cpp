// SPDX-License-Identifier: MIT
// On the executor of tests/simt, whose device functions the host can call.
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "joule/core/cuda/divisor.h"

namespace joule {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

void expect_exact(int divisor, std::int64_t n) {
  const auto [quotient, remainder] = cuda::Divisor(divisor).split(n);
  ASSERT_EQ(quotient, n / divisor) << n << " / " << divisor;
  ASSERT_EQ(remainder, n % divisor) << n << " % " << divisor;
}

std::vector<int> divisors() {
  std::vector<int> all;
  for (int d = 1; d <= 300; ++d) all.push_back(d);
  for (int bits = 9; bits < 31; ++bits) {
    for (const int near : {-1, 0, 1}) all.push_back((1 << bits) + near);
  }
  for (const int d : {641, 65521, 1'000'003, std::numeric_limits<int>::max()}) all.push_back(d);
  return all;
}

TEST(CudaDivisor, IsExactNextToMultiples) {
  for (const int d : divisors()) {
    const std::int64_t last = kMost / d * d;  // the largest multiple
    for (const std::int64_t multiple : {std::int64_t{0}, std::int64_t{d}, std::int64_t{d} * d,
                                        std::int64_t{d} * 1'000'003, last - d, last}) {
      expect_exact(d, multiple);
      if (multiple > 0) expect_exact(d, multiple - 1);
      if (multiple < kMost) expect_exact(d, multiple + 1);
    }
    expect_exact(d, kMost);
  }
}

TEST(CudaDivisor, IsExactForNumbersOfAnySize) {
  std::mt19937_64 bits(1);
  for (const int d : divisors()) {
    for (int shift = 1; shift < 64; ++shift) {
      expect_exact(d, static_cast<std::int64_t>(bits() >> shift));
    }
  }
}

}  // namespace
}  // namespace joule
