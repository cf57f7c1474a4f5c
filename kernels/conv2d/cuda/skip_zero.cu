// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cuda/sparse_tile.h"
#include "joule/kernels/conv2d/cuda/tiles.h"
#include "joule/kernels/conv2d/cuda/warp_sums.h"

// The convolution of images with many zeros, which are not multiplied.  Which these are is seen in
// the values: they have to be read anyway, and no mask has to be made.
namespace joule::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kPixels = kWarps * SparseTile<1>::kRows;  // of a block

/// The weights of 32 channels of a tap from `channel` on, of the block's columns.
template <class Tile>
__device__ void load_columns(const Correlation& c, std::int64_t row, int channel, int first_column,
                             typename Tile::Columns& columns) {
  constexpr int kFours = Tile::kColumns / 4;
  for (int i = static_cast<int>(threadIdx.x); i < static_cast<int>(kWarp) * kFours;
       i += kWarps * static_cast<int>(kWarp)) {
    const int term = i / kFours, column = first_column + i % kFours * 4;
    const bool exists = channel + term < c.in_channels && column < c.packed_columns;
    const float* const from = c.weights + (row + channel + term) * c.packed_columns + column;
    (exists ? Floats<4>::load(from) : Floats<4>{}).store(&columns.of_term[term][i % kFours * 4]);
  }
}

/// One warp per 16 pixels of the output and 32 * kEach of its channels, eight to a block, which
/// share the weights: 32 channels of a tap at a time, of which each lane looks up one.
/// Shared memory: 24 to 36 KiB.  Bound: see SparseTile.
template <int kEach>
__global__ void __launch_bounds__(kWarps* kWarp, 2) correlate_nonzeros(const Correlation c) {
  using Tile = SparseTile<kEach>;
  __shared__ typename Tile::Columns columns;
  __shared__ typename Tile::Values values[kWarps];
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  const int warp = static_cast<int>(threadIdx.x / kWarp);
  const auto across = static_cast<unsigned>(column_tiles(c.out_channels, kEach));
  const int first_column = static_cast<int>(blockIdx.x % across) * Tile::kColumns;
  const std::int64_t first_pixel = std::int64_t{blockIdx.x / across} * kPixels + warp * Tile::kRows;
  const ReadPixel pixel = read_pixel(c, first_pixel + lane % Tile::kRows);
  Tile tile;
  for (int tap = 0; tap < c.h.taps * c.w.taps; ++tap) {
    const int a = tap / c.w.taps, b = tap % c.w.taps;
    const std::int64_t offset = read_offset(c, pixel, a, b);
    const std::int64_t row = weight_row(c, a, b);
    for (int channel = 0; channel < c.in_channels; channel += static_cast<int>(kWarp)) {
      Floats<4> mine[Tile::kRows / 4];
#pragma unroll
      for (int i = 0; i < Tile::kRows; ++i) {
        const std::int64_t from = __shfl_sync(kWholeWarp, offset, i);
        const bool exists = from >= 0 && channel + lane < c.in_channels;
        mine[i / 4].at[i % 4] = exists ? c.in[from + channel + lane] : 0;
      }
      __syncthreads();  // the columns before have been read
      load_columns<Tile>(c, row, channel, first_column, columns);
      __syncthreads();
      tile.add(mine, values[warp], columns);
    }
  }
  Epilogue::Totals totals;
  store_sums(c, tile.sums, first_pixel, first_column, totals);
  c.epilogue.add(totals);
}

struct SkipZero {
  static constexpr int kPixels = cuda::kPixels;
  static constexpr bool kCutsTerms = false;

  static int tile_columns(int channels) { return columns_each(channels) * static_cast<int>(kWarp); }
  static unsigned threads(int) { return kWarps * kWarp; }

  static void launch(const Correlation& c, const Grid& grid) {
    switch (columns_each(c.out_channels)) {
      case 1:
        return cuda::launch(correlate_nonzeros<1>, grid, c);
      case 2:
        return cuda::launch(correlate_nonzeros<2>, grid, c);
      default:
        return cuda::launch(correlate_nonzeros<4>, grid, c);
    }
  }
};

}  // namespace

void conv2d_skip_zero(const ops::Conv2d& op, Context&, Tally* tally) {
  run_in_tiles<SkipZero>(op);
  tally_zeros_of_x(tally, shape_of(op), op.x, Zeros::skipped);
}

void conv2d_grad_input_skip_zero(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  run_in_tiles<SkipZero>(op);
  tally_zeros_of_grad_y(tally, shape_of(op), op.grad_y, Zeros::skipped);
}

}  // namespace joule::cuda
