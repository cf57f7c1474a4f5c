// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {

/// A warp's part of the product of two matrices of which the first has many zeros: the sums of
/// kRows of its rows and kColumns columns of the second, of which each lane holds kEach, for all
/// rows, in registers.
///
/// A term whose 16 values of the first matrix are zero costs nothing.  Of any other, a lane loads
/// its columns of the second once, for all rows, and skips each four rows whose values are zero: a
/// branch that all lanes take or none.  (A branch for each row is none: nvcc makes multiply-adds
/// under a predicate out of it, which take as long whether they are executed or not.)  Bound: the
/// instructions; skip_zero_cycles() counts them.
template <int kEachColumn>
struct SparseTile {
  static constexpr int kRows = 16, kEach = kEachColumn, kColumns = static_cast<int>(kWarp) * kEach;

  /// Of the first matrix, 32 terms; one for each warp.  Rows of 20: the stores of eight lanes then
  /// meet no bank twice.
  struct alignas(16) Values {
    float of_term[kWarp][kRows + 4];
  };
  /// Of the second matrix, 32 terms; one for the block.
  struct alignas(16) Columns {
    float of_term[kWarp][kColumns];
  };

  float sums[kRows][kEach] = {};

  /// All lanes: adds 32 terms, of which each lane brings the values of one.
  __device__ void add(const Floats<4> (&mine)[kRows / 4], Values& values, const Columns& columns) {
    const unsigned lane = threadIdx.x % kWarp;
    unsigned nonzero = 0;
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      nonzero |= unsigned{mine[row / 4].at[row % 4] != 0} << row;
    }
    __syncwarp();  // the terms before have been read
    for (int i = 0; i < kRows / 4; ++i) mine[i].store(&values.of_term[lane][i * 4]);
    __syncwarp();
    for (unsigned live = __ballot_sync(kWholeWarp, nonzero != 0); live != 0; live &= live - 1) {
      const int term = __ffs(static_cast<int>(live)) - 1;
      const unsigned rows = __shfl_sync(kWholeWarp, nonzero, term);
      const auto column = Floats<kEach>::load(&columns.of_term[term][lane * kEach]);
#pragma unroll
      for (int i = 0; i < kRows / 4; ++i) {
        const unsigned four = rows >> (i * 4) & 15;
        if (four == 0) continue;
        const auto value = Floats<4>::load(&values.of_term[term][i * 4]);
#pragma unroll
        for (int k = 0; k < 4; ++k) {
          if ((four >> k & 1) == 0) continue;
          for (int j = 0; j < kEach; ++j) sums[i * 4 + k][j] += value.at[k] * column.at[j];
        }
      }
    }
  }
};

/// kRows values from `from` on, of which `inside` exist; zeros if it is null.
template <int kRows>
__device__ void load_values(const float* from, int inside, bool by_four,
                            Floats<4> (&values)[kRows / 4]) {
#pragma unroll
  for (int i = 0; i < kRows / 4; ++i) {
    values[i] = {};
    if (!from || i * 4 >= inside) continue;
    if (by_four) {
      values[i] = Floats<4>::load(from + i * 4);
    } else {
      for (int k = 0; k < 4 && i * 4 + k < inside; ++k) values[i].at[k] = from[i * 4 + k];
    }
  }
}

}  // namespace joule::cuda
