// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {

/// A warp's part of a matrix product whose first matrix has many zeros: the sums of kRows of its
/// rows and kColumns columns of the second matrix, in registers.  Each lane holds kEach columns of
/// all rows.
///
/// A term whose 16 values of the first matrix are all zero costs nothing.  For any other, a lane
/// loads its columns of the second matrix once, for all rows, and skips each group of four rows
/// whose values are zero: a branch that all lanes take or none.  (A branch per row would not
/// branch: nvcc turns it into predicated multiply-adds, which take as long whether they execute or
/// not.)  Bound: the instructions; skip_zero_cycles() counts them.
template <int kEachColumn>
struct SparseTile {
  static constexpr int kRows = 16, kEach = kEachColumn, kColumns = static_cast<int>(kWarp) * kEach;

  /// 32 terms of the first matrix, one copy per warp.  With rows of 20, the stores of eight lanes
  /// have no bank conflicts.
  struct alignas(16) Values {
    float of_term[kWarp][kRows + 4];
  };
  /// 32 terms of the second matrix, one copy per block.
  struct alignas(16) Columns {
    float of_term[kWarp][kColumns];
  };

  float sums[kRows][kEach] = {};

  /// Adds 32 terms, of which each lane brings the values of one; all lanes must call it.
  __device__ void add(const Floats<4> (&mine)[kRows / 4], Values& values, const Columns& columns) {
    const unsigned lane = threadIdx.x % kWarp;
    unsigned nonzero = 0;
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      nonzero |= unsigned{mine[row / 4].at[row % 4] != 0} << row;
    }
    __syncwarp();  // the previous terms have been read
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

/// kRows values starting at `from`, of which `inside` exist; zeros if `from` is null.
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
