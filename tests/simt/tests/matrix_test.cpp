// SPDX-License-Identifier: MIT
//
// Warp matrix functions against sums written by hand, and their wrong uses.
#include <cuda_bf16.h>
#include <mma.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "joule/tests/simt/device_array.h"

namespace joule::test {
namespace {

namespace wmma = nvcuda::wmma;
using wmma::col_major;
using wmma::row_major;

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
          EXPECT_EQ(wmma::__float_to_tf32(value), rounded(value, 10, away_from_zero)) << value;
          EXPECT_EQ(__bfloat162float(__float2bfloat16(value)), rounded(value, 7, to_even)) << value;
        }
      }
    }
    for (const float value : {0.0f, kInfinity, 3.0f}) {
      EXPECT_EQ(wmma::__float_to_tf32(sign * value), sign * value);
      EXPECT_EQ(__bfloat162float(__float2bfloat16(sign * value)), sign * value);
    }
    EXPECT_EQ(wmma::__float_to_tf32(sign * kMost), sign * kInfinity);
    EXPECT_EQ(__bfloat162float(__float2bfloat16(sign * kMost)), sign * kInfinity);
  }
  EXPECT_TRUE(std::isnan(wmma::__float_to_tf32(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(__float2bfloat16(std::numeric_limits<float>::quiet_NaN()).bits, 0x7FFF);
}

struct Tf32 {
  using Element = float;
  using Operand = wmma::precision::tf32;
  static constexpr int kDepth = 8;
  static Element element(float value) { return wmma::__float_to_tf32(value); }
};
struct Bf16 {
  using Element = __nv_bfloat16;
  using Operand = __nv_bfloat16;
  static constexpr int kDepth = 16;
  static Element element(float value) { return __float2bfloat16(value); }
};

constexpr unsigned kLine = 24;  // elements from line to line

/// Each warp of the block: d = 2 a b + c, a and b in the layouts.
template <class Type, class LayoutA, class LayoutB>
__global__ void multiply(const typename Type::Element* a, const typename Type::Element* b, float c,
                         float* d, wmma::layout_t layout) {
  using Operand = typename Type::Operand;
  wmma::fragment<wmma::matrix_a, 16, 16, Type::kDepth, Operand, LayoutA> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, Type::kDepth, Operand, LayoutB> fb;
  wmma::fragment<wmma::accumulator, 16, 16, Type::kDepth, float> sums;
  wmma::load_matrix_sync(fa, a, kLine);
  wmma::load_matrix_sync(fb, b, kLine);
  wmma::fill_fragment(sums, c);
  for (int i = 0; i < 2; ++i) wmma::mma_sync(sums, fa, fb, sums);
  wmma::store_matrix_sync(d + threadIdx.x / 32 * 16 * kLine, sums, kLine, layout);
}

/// Where element (row, column) is.
std::size_t at(bool by_rows, int row, int column) {
  return static_cast<std::size_t>(by_rows ? row : column) * kLine +
         static_cast<std::size_t>(by_rows ? column : row);
}

float a_value(int row, int term) { return static_cast<float>(row * 3 + term * 5 % 7 - 11); }
float b_value(int term, int column) { return static_cast<float>(term * 2 - column * 3 % 5); }

template <class Type, class LayoutA, class LayoutB>
void check_multiply(bool d_by_rows) {
  constexpr bool kByRowsA = std::is_same_v<LayoutA, row_major>;
  constexpr bool kByRowsB = std::is_same_v<LayoutB, row_major>;
  std::vector<typename Type::Element> a(16 * kLine), b(16 * kLine);
  for (int term = 0; term < Type::kDepth; ++term) {
    for (int i = 0; i < 16; ++i) {
      a[at(kByRowsA, i, term)] = Type::element(a_value(i, term));
      b[at(kByRowsB, term, i)] = Type::element(b_value(term, i));
    }
  }
  const DeviceArray<typename Type::Element> on_a(a), on_b(b);
  const DeviceArray<float> d(2 * 16 * kLine);
  ASSERT_EQ(launch({1, 64}, multiply<Type, LayoutA, LayoutB>, on_a.get(), on_b.get(), 0.5f, d.get(),
                   d_by_rows ? wmma::mem_row_major : wmma::mem_col_major),
            cudaSuccess)
      << ::simt::last_report();
  const std::vector<float> seen = d.values();
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 16; ++column) {
      float sum = 0.5f;
      for (int term = 0; term < Type::kDepth; ++term) {
        sum += 2 * a_value(row, term) * b_value(term, column);
      }
      EXPECT_EQ(seen[at(d_by_rows, row, column)], sum) << row << ' ' << column;
      EXPECT_EQ(seen[16 * kLine + at(d_by_rows, row, column)], sum) << "second warp";
    }
  }
}

TEST_F(Simt, MultipliesFragmentsOfEveryTypeAndLayout) {
  for (const bool d_by_rows : {true, false}) {
    check_multiply<Tf32, row_major, row_major>(d_by_rows);
    check_multiply<Tf32, row_major, col_major>(d_by_rows);
    check_multiply<Tf32, col_major, row_major>(d_by_rows);
    check_multiply<Tf32, col_major, col_major>(d_by_rows);
    check_multiply<Bf16, row_major, row_major>(d_by_rows);
    check_multiply<Bf16, row_major, col_major>(d_by_rows);
    check_multiply<Bf16, col_major, row_major>(d_by_rows);
    check_multiply<Bf16, col_major, col_major>(d_by_rows);
  }
}

__global__ void load(const float* from, unsigned distance) {
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, row_major> a;
  wmma::load_matrix_sync(a, from, distance);
}
__global__ void store(float* to, unsigned distance) {
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> sums;
  wmma::fill_fragment(sums, 0.0f);
  wmma::store_matrix_sync(to, sums, distance, wmma::mem_row_major);
}

class SimtMatrixFault : public Simt {
 protected:
  static void expect_report(cudaError_t queued, const std::string& text) {
    EXPECT_EQ(finished(queued), cudaErrorLaunchFailure);
    EXPECT_NE(::simt::last_report().find(text), std::string::npos) << ::simt::last_report();
    ::simt::reset();
  }
};

TEST_F(SimtMatrixFault, AnAddressThatIsNoMultipleOf32) {
  const DeviceArray<float> x(16 * kLine + 8);
  ASSERT_EQ(launch({1, 32}, load, x.get() + 8, kLine), cudaSuccess) << ::simt::last_report();
  expect_report(launch({1, 32}, load, x.get() + 4, kLine),
                "the address of a fragment is no multiple of 32 bytes at ");
}

TEST_F(SimtMatrixFault, LinesThatAreNoMultipleOf16Apart) {
  const DeviceArray<float> x(16 * kLine);
  ASSERT_EQ(launch({1, 32}, store, x.get(), 20u), cudaSuccess) << ::simt::last_report();
  expect_report(launch({1, 32}, store, x.get(), 18u),
                "the lines of a fragment are not multiples of 16 bytes apart at ");
}

__global__ void multiply_ones(float one, unsigned lanes) {
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, row_major> a;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, row_major> b;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> sums;
  wmma::fill_fragment(a, 1.0f);
  wmma::fill_fragment(b, one);
  wmma::fill_fragment(sums, 0.0f);
  if (threadIdx.x < lanes) wmma::mma_sync(sums, a, b, sums);
}

TEST_F(SimtMatrixFault, AnOperandThatIsNotRounded) {
  ASSERT_EQ(launch({1, 32}, multiply_ones, 1.0f, 32u), cudaSuccess) << ::simt::last_report();
  expect_report(launch({1, 32}, multiply_ones, 1.0001f, 32u),
                "an operand of mma_sync() is not rounded to TF32 at ");
}

TEST_F(SimtMatrixFault, ALaneThatIsMissing) {
  expect_report(launch({1, 32}, multiply_ones, 1.0f, 31u),
                "the mask names lane 31, which has exited");
}

}  // namespace
}  // namespace joule::test
