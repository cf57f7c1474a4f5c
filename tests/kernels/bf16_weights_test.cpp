// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cpu/bf16_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "joule/tests/support/test_tensors.h"

namespace joule::cpu {
namespace {

float from_bf16(std::uint32_t bits) { return std::bit_cast<float>(bits << 16); }

// Every bf16, and what lies between it and the next: just above, around the middle, just below.
TEST(Bf16, IsTheNearestAndOfTwoTheEvenOne) {
  for (std::uint32_t upper = 0; upper <= 0xFFFF; ++upper) {
    for (const std::uint32_t lower : {0u, 1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      const auto value = std::bit_cast<float>(upper << 16 | lower);
      const std::uint32_t bits = bf16_bits(value);
      ASSERT_LE(bits, 0xFFFF);
      const float rounded = from_bf16(bits);
      if (std::isnan(value)) {
        ASSERT_TRUE(std::isnan(rounded)) << std::hex << upper << " " << lower;
      } else if (std::abs(value) < std::numeric_limits<float>::min()) {
        ASSERT_EQ(rounded, 0) << value;
      } else {
        ASSERT_EQ(rounded, test::nearest_bf16(value)) << value;
      }
      ASSERT_EQ(std::signbit(rounded), std::signbit(value)) << value;
    }
  }
}

TEST(Bf16, IsInfinityBeyondTheLargestAndItsHalfStep) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(from_bf16(bf16_bits(0x1.FFp127f)), kInfinity);
  EXPECT_EQ(from_bf16(bf16_bits(0x1.FEFFFEp127f)), 0x1.FEp127f);
  EXPECT_EQ(from_bf16(bf16_bits(-std::numeric_limits<float>::max())), -kInfinity);
}

}  // namespace
}  // namespace joule::cpu
