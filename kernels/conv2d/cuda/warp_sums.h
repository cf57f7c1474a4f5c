// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/kernels/conv2d/cuda/grad_weight/correlation.h"
#include "joule/kernels/conv2d/cuda/plan.h"

// Shared by kernels in which a warp holds the sums of kRows pixels by 32 * kEach channels of the
// output, kEach adjacent channels per lane.
namespace joule::cuda {

/// How many warps side by side cover the channels.
__host__ __device__ inline int column_tiles(int channels, int each) {
  const int columns = each * static_cast<int>(kWarp);
  return (channels + columns - 1) / columns;
}

/// How many channels these warps hold, including any beyond the output's.
inline int covered_columns(int channels, int each) {
  return column_tiles(channels, each) * each * static_cast<int>(kWarp);
}

/// Stores the warp's sums, and with a ReLU also its mask: neighbouring lanes combine the bits of 16
/// channels.  All lanes must call it.
template <int kRows, int kEach>
__device__ void store_sums(const Correlation& c, const float (&sums)[kRows][kEach],
                           std::int64_t first_pixel, int first_column, Epilogue::Totals& totals) {
  constexpr int kLanes = 16 / kEach;  // hold 16 channels
  const int lane = static_cast<int>(threadIdx.x % kWarp), column = first_column + lane * kEach;
#pragma unroll
  for (int row = 0; row < kRows; ++row) {
    const bool exists = first_pixel + row < c.pixels;
    const std::int64_t at = exists ? written_pixel(c, first_pixel + row) : 0;
    const int inside = exists ? min(c.out_channels - column, kEach) : 0;
    unsigned bits = 0;
    if (inside > 0) {
      Floats<kEach> value;
      for (int k = 0; k < kEach; ++k) value.at[k] = sums[row][k];
      bits = c.epilogue.apply(value, column, inside, totals) << (lane % kLanes * kEach);
      float* const to = c.out + at * c.out_channels + column;
      if (c.out_by_four) {
        value.store(to);
      } else {
        for (int k = 0; k < inside; ++k) to[k] = value.at[k];
      }
    }
    if (!c.epilogue.relu) continue;
    for (int offset = 1; offset < kLanes; offset *= 2) {
      bits |= __shfl_xor_sync(kWholeWarp, bits, offset);
    }
    if (exists && lane % kLanes == 0) c.epilogue.write_mask(at, column, bits);
  }
}

}  // namespace joule::cuda
