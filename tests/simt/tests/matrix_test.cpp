// SPDX-License-Identifier: MIT
//
// The instructions of tensor cores against sums written by hand, and their wrong uses.
#include <cuda_bf16.h>
#include <simt/matrix.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "joule/tests/simt/device_array.h"

namespace joule::test {
namespace {

float to_tf32(float value) { return __uint_as_float(::simt::round_to_tf32(value)); }
float to_bf16(float value) { return __bfloat162float(__float2bfloat16(value)); }

/// `value` with so many bits of mantissa after the first, rounded by `to_whole`.
float rounded(float value, int bits, const std::function<double(double)>& to_whole) {
  if (value == 0 || !std::isfinite(value)) return value;
  int exponent = 0;
  const double fraction = std::frexp(static_cast<double>(value), &exponent);
  return static_cast<float>(
      std::ldexp(to_whole(std::ldexp(fraction, bits + 1)), exponent - bits - 1));
}

double away_from_zero(double x) { return std::round(x); }
double to_even(double x) { return std::nearbyint(x); }

// The step of TF32 at 1 is 2^-10, that of bf16 2^-7: half of them, and a bit more or less.
TEST(SimtMatrix, RoundsToTf32AndToBf16) {
  constexpr float kMost = std::numeric_limits<float>::max();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float sign : {1.0f, -1.0f}) {
    for (const int odd : {0, 1}) {
      for (const float half : {std::ldexp(1.0f, -11), std::ldexp(1.0f, -8)}) {
        for (const float bit : {-1.0f, 0.0f, 1.0f}) {
          const float value =
              sign * (1 + half * (1 + 2 * static_cast<float>(odd)) + bit * std::ldexp(1.0f, -23));
          EXPECT_EQ(to_tf32(value), rounded(value, 10, away_from_zero)) << value;
          EXPECT_EQ(to_bf16(value), rounded(value, 7, to_even)) << value;
        }
      }
    }
    for (const float value : {0.0f, kInfinity, 3.0f}) {
      EXPECT_EQ(to_tf32(sign * value), sign * value);
      EXPECT_EQ(to_bf16(sign * value), sign * value);
    }
    EXPECT_EQ(to_tf32(sign * kMost), sign * kInfinity);
    EXPECT_EQ(to_bf16(sign * kMost), sign * kInfinity);
  }
  EXPECT_TRUE(std::isnan(to_tf32(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(__float2bfloat16(std::numeric_limits<float>::quiet_NaN()).bits, 0x7FFF);
}

/// The bits of bf16 of two small whole numbers, the first below.
__device__ unsigned two_of_bf16(float first, float second) {
  return __float_as_uint(first) >> 16 | (__float_as_uint(second) & 0xFFFF0000u);
}

float a_value(int row, int term) { return static_cast<float>(row * 3 + term * 5 % 7 - 11); }
float b_value(int term, int column) { return static_cast<float>(term * 2 - column * 3 % 5); }

/// Each warp: 2 a b + .5.  Its lanes hold what "Matrix fragments for mma.m16n8k8" says.
__global__ void multiply_tf32(float* sums) {
  const int lane = static_cast<int>(threadIdx.x % 32), group = lane / 4, in_group = lane % 4;
  std::uint32_t a[4], b[2];
  for (int i = 0; i < 4; ++i) {
    const int row = i == 0 || i == 2 ? group : group + 8;
    a[i] = __float_as_uint(a_value(row, i < 2 ? in_group : in_group + 4));
  }
  for (int i = 0; i < 2; ++i) b[i] = __float_as_uint(b_value(in_group + i * 4, group));
  float c[4] = {0.5f, 0.5f, 0.5f, 0.5f};
  for (int i = 0; i < 2; ++i) ::simt::multiply_tf32(c, a, b);
  for (int i = 0; i < 4; ++i) {
    const int row = i < 2 ? group : group + 8, column = in_group * 2 + (i & 1);
    sums[threadIdx.x / 32 * 128 + row * 8 + column] = c[i];
  }
}

/// The same with 16 terms, by "Matrix fragments for mma.m16n8k16 with floating point type": element
/// i of 8 of a, of 4 of b.
__global__ void multiply_bf16(float* sums) {
  const int lane = static_cast<int>(threadIdx.x % 32), group = lane / 4, in_group = lane % 4;
  const auto of_a = [&](int i) {
    const int row = i < 2 || (4 <= i && i < 6) ? group : group + 8;
    return a_value(row, in_group * 2 + (i & 1) + (i < 4 ? 0 : 8));
  };
  const auto of_b = [&](int i) { return b_value(in_group * 2 + (i & 1) + (i < 2 ? 0 : 8), group); };
  std::uint32_t a[4], b[2];
  for (int i = 0; i < 4; ++i) a[i] = two_of_bf16(of_a(i * 2), of_a(i * 2 + 1));
  for (int i = 0; i < 2; ++i) b[i] = two_of_bf16(of_b(i * 2), of_b(i * 2 + 1));
  float c[4] = {0.5f, 0.5f, 0.5f, 0.5f};
  for (int i = 0; i < 2; ++i) ::simt::multiply_bf16(c, a, b);
  for (int i = 0; i < 4; ++i) {
    const int row = i < 2 ? group : group + 8, column = in_group * 2 + (i & 1);
    sums[threadIdx.x / 32 * 128 + row * 8 + column] = c[i];
  }
}

TEST_F(Simt, MultipliesWhatTheLanesHold) {
  const auto check = [](auto* kernel, int terms) {
    const DeviceArray<float> sums(2 * 128);
    ASSERT_EQ(launch({1, 64}, kernel, sums.get()), cudaSuccess) << ::simt::last_report();
    const std::vector<float> seen = sums.values();
    for (int i = 0; i < 256; ++i) {
      const int row = i % 128 / 8, column = i % 8;
      float sum = 0.5f;
      for (int term = 0; term < terms; ++term) {
        sum += 2 * a_value(row, term) * b_value(term, column);
      }
      EXPECT_EQ(seen[static_cast<std::size_t>(i)], sum) << row << ' ' << column;
    }
  };
  check(multiply_tf32, 8);
  check(multiply_bf16, 16);
}

/// Four matrices of 8 x 8 elements of 16 bits, 24 from row to row; each lane writes its 8 elements.
__global__ void load(const std::uint16_t* from, std::uint16_t* to, bool transposed) {
  alignas(16) __shared__ std::uint16_t shared[32 * 24];
  for (unsigned i = threadIdx.x; i < 32 * 24; i += 32) shared[i] = from[i];
  __syncwarp();
  std::uint32_t words[4];
  if (transposed) {
    ::simt::load_transposed(words, shared + threadIdx.x * 24);
  } else {
    ::simt::load_matrices(words, shared + threadIdx.x * 24);
  }
  for (int i = 0; i < 8; ++i) {
    to[threadIdx.x * 8 + static_cast<unsigned>(i)] =
        static_cast<std::uint16_t>(words[i / 2] >> (i % 2 * 16));
  }
}

TEST_F(Simt, LoadsMatricesAsTheyAreAndTransposed) {
  std::vector<std::uint16_t> values(32 * 24);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(i);
  const DeviceArray<std::uint16_t> from(values), to(256);
  for (const bool transposed : {false, true}) {
    ASSERT_EQ(launch({1, 32}, load, from.get(), to.get(), transposed), cudaSuccess)
        << ::simt::last_report();
    const std::vector<std::uint16_t> seen = to.values();
    for (std::size_t i = 0; i < 256; ++i) {
      const std::size_t lane = i / 8, matrix = i % 8 / 2, second = i % 2;
      const std::size_t outer = lane / 4, inner = lane % 4 * 2 + second;
      const std::size_t row = transposed ? inner : outer, column = transposed ? outer : inner;
      EXPECT_EQ(seen[i], (matrix * 8 + row) * 24 + column) << i;
    }
  }
}

class SimtMatrixFault : public Simt {
 protected:
  static void expect_report(cudaError_t queued, const std::string& text) {
    EXPECT_EQ(finished(queued), cudaErrorLaunchFailure);
    EXPECT_NE(::simt::last_report().find(text), std::string::npos) << ::simt::last_report();
    ::simt::reset();
  }
};

__global__ void load_at(const float* from, bool transposed) {
  std::uint32_t words[4];
  transposed ? ::simt::load_transposed(words, from) : ::simt::load_matrices(words, from);
}

TEST_F(SimtMatrixFault, ARowThatIsNoMultipleOf16) {
  for (const bool transposed : {false, true}) {
    const DeviceArray<float> x(16);  // expect_report() frees it
    ASSERT_EQ(launch({1, 32}, load_at, x.get() + 4, transposed), cudaSuccess)
        << ::simt::last_report();
    expect_report(launch({1, 32}, load_at, x.get() + 2, transposed),
                  "the address of a row of ldmatrix is no multiple of 16 bytes at ");
  }
}

__global__ void multiply_ones(float of_a, float of_b, unsigned lanes) {
  const std::uint32_t one = __float_as_uint(of_a), other = __float_as_uint(of_b);
  const std::uint32_t a[4] = {one, one, one, one}, b[2] = {other, other};
  float sums[4] = {};
  if (threadIdx.x < lanes) ::simt::multiply_tf32(sums, a, b);
}

TEST_F(SimtMatrixFault, AnOperandThatIsNotRounded) {
  ASSERT_EQ(launch({1, 32}, multiply_ones, 1.0f, 1.0f, 32u), cudaSuccess) << ::simt::last_report();
  for (const bool of_b : {false, true}) {
    expect_report(launch({1, 32}, multiply_ones, of_b ? 1.0f : 1.0001f, of_b ? 1.0001f : 1.0f, 32u),
                  "an operand of mma.sync is not rounded to TF32 at ");
  }
}

TEST_F(SimtMatrixFault, ALaneThatIsMissing) {
  expect_report(launch({1, 32}, multiply_ones, 1.0f, 1.0f, 31u),
                "the mask names lane 31, which has exited");
}

}  // namespace
}  // namespace joule::test
