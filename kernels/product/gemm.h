// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule {

/// A matrix in memory: element (i, j) is at data[i * row + j * column]; one of the strides is 1.
struct Strided {
  const float* data;
  std::int64_t row, column;
};

/// c[i,j] = bias[j] + sum_l a(i,l) * b(l,j)
///
/// Shapes    a [m,k], b [k,n], bias [n] or null, c [m,n] row by row.
struct Gemm {
  std::int64_t m, n, k;
  Strided a, b;
  const float* bias;
  float* c;
};

namespace cpu {
/// Numerics  float32, with fused multiply-adds where the machine has them; sums k in order within
///           blocks, and the blocks in order: the same bits for any number of threads.
void gemm(const Gemm& args);
}  // namespace cpu

}  // namespace joule
