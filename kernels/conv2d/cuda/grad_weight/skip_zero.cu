// SPDX-License-Identifier: MIT
#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/grad_weight/grad_weight.h"
#include "joule/kernels/conv2d/cuda/pieces.h"
#include "joule/kernels/conv2d/cuda/sparse_tile.h"

// The gradient of the weights without the products that meet a zero of x, or of grad_y.  The terms
// of its sums are the pixels of grad_y.
namespace joule::cuda {
namespace {

constexpr int kMostWarps = 8;

/// Which tiles there are: a warp's rows are 16 channels of the operand with the zeros, a block's
/// columns those of the other.  Each tap has its own.
struct Tiles {
  bool skip_x;  // otherwise grad_y
  int taps;
  int rows;     // tiles of 16 channels
  int columns;  // tiles of SparseTile::kColumns channels
  int warps;    // of a block

  /// grad_y is the same for all taps: where it is the block's, its warps have different taps, too.
  __host__ __device__ int rows_in_turn() const { return skip_x ? rows * taps : rows; }
  __host__ __device__ int row_blocks() const { return (rows_in_turn() + warps - 1) / warps; }
  __host__ __device__ std::int64_t blocks() const {
    return std::int64_t{row_blocks()} * columns * (skip_x ? 1 : taps);
  }
};

/// Takes the digit of base `count` off `number`.
__device__ int digit(unsigned& number, int count) {
  const unsigned at = number % static_cast<unsigned>(count);
  number /= static_cast<unsigned>(count);
  return static_cast<int>(at);
}

/// What a warp sums.
struct Sums {
  Column tap;  // of channel 0
  int tap_column;
  int row_channel, column_channel;
  std::int64_t piece;
  bool exists;

  __device__ Sums(const GradWeight& g, const Tiles& t, int columns_of_tile) {
    unsigned block = blockIdx.x;
    const int row = digit(block, t.row_blocks()) * t.warps + static_cast<int>(threadIdx.x / kWarp);
    column_channel = digit(block, t.columns) * columns_of_tile;
    const int block_tap = t.skip_x ? 0 : digit(block, t.taps);
    piece = block;
    exists = row < t.rows_in_turn();
    row_channel = row % t.rows * 16;
    tap_column = (t.skip_x && exists ? row / t.rows : block_tap) * g.in_channels;
    tap = column_at(g, tap_column);
  }
};

/// The 32 pixels' channels of the block's columns.  Each lane knows the place of one pixel in `of`,
/// -1 if there is none.  (Not its address: nothing would say that it is in global memory.)
template <class Tile>
__device__ void load_columns(const float* of, std::int64_t mine, int first, int channels,
                             bool by_four, typename Tile::Columns& columns) {
  constexpr int kFours = Tile::kColumns / 4;
  for (unsigned i = threadIdx.x; i < kWarp * kFours; i += blockDim.x) {
    const unsigned term = i / kFours;
    const int channel = first + static_cast<int>(i % kFours) * 4;
    const std::int64_t place = __shfl_sync(kWholeWarp, mine, static_cast<int>(term));
    Floats<4> value[1];
    load_values<4>(place >= 0 ? of + place + channel : nullptr, channels - channel, by_four, value);
    value[0].store(&columns.of_term[term][i % kFours * 4]);
  }
}

/// Of a warp: filters are rows, or columns if x has the zeros.
template <class Tile>
__device__ void store_tile(const GradWeight& g, const Tiles& t, const Sums& which,
                           const Tile& tile) {
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  float* const pieces = g.pieces + which.piece * g.out_channels * g.columns + which.tap_column;
#pragma unroll
  for (int row = 0; row < Tile::kRows; ++row) {
#pragma unroll
    for (int k = 0; k < Tile::kEach; ++k) {
      const int of_row = which.row_channel + row;
      const int of_column = which.column_channel + lane * Tile::kEach + k;
      const int o = t.skip_x ? of_column : of_row, c = t.skip_x ? of_row : of_column;
      if (o >= g.out_channels || c >= g.in_channels) continue;
      pieces[std::int64_t{o} * g.columns + c] = tile.sums[row][k];
    }
  }
}

/// One warp per tile, piece of the pixels, and, if x has the zeros, tap; up to eight in a block,
/// which share the columns.  Shared memory: 24 to 36 KiB.  Bound: see SparseTile.
template <int kEach>
__global__ void __launch_bounds__(kMostWarps* kWarp, 2)
    sum_nonzero_products(const GradWeight g, const Tiles t) {
  using Tile = SparseTile<kEach>;
  __shared__ typename Tile::Columns columns;
  __shared__ typename Tile::Values values[kMostWarps];
  const Sums which(g, t, Tile::kColumns);
  const std::int64_t begin = piece_begin(g.pixels, g.piece_count, which.piece);
  const std::int64_t end = piece_begin(g.pixels, g.piece_count, which.piece + 1);
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  Pixel pixel = pixel_at(g, begin + lane);
  Tile tile;
  for (std::int64_t first = begin; first < end; first += kWarp) {
    const bool in_piece = first + lane < end;
    const float* const x = in_piece ? x_at(g, pixel, which.tap) : nullptr;
    const float* const grad_y = in_piece ? g.grad_y + (first + lane) * g.out_channels : nullptr;
    pixel.advance(static_cast<int>(kWarp), g);
    Floats<4> mine[Tile::kRows / 4];
    const float* const sparse = t.skip_x ? x : grad_y;
    const int channels = t.skip_x ? g.in_channels : g.out_channels;
    load_values<Tile::kRows>(which.exists && sparse ? sparse + which.row_channel : nullptr,
                             channels - which.row_channel,
                             t.skip_x ? g.x_by_four : g.grad_y_by_four, mine);
    __syncthreads();  // the columns before have been read
    const float* const dense = t.skip_x ? grad_y : x;
    const float* const of = t.skip_x ? g.grad_y : g.x;
    load_columns<Tile>(of, dense ? dense - of : -1, which.column_channel,
                       t.skip_x ? g.out_channels : g.in_channels,
                       t.skip_x ? g.grad_y_by_four : g.x_by_four, columns);
    __syncthreads();
    tile.add(mine, values[threadIdx.x / kWarp], columns);
  }
  if (which.exists) store_tile(g, t, which, tile);
}

void run(const ops::Conv2dGradWeight& op, bool skip_x) {
  const Conv2dShape s = shape_of(op);
  GradWeight g(s, op.x, op.grad_y);
  const int sparse = skip_x ? g.in_channels : g.out_channels;
  const int dense = skip_x ? g.out_channels : g.in_channels;
  const int each = dense <= 32 ? 1 : dense <= 64 ? 2 : 4;
  const int width = each * static_cast<int>(kWarp);
  Tiles t{.skip_x = skip_x,
          .taps = static_cast<int>(s.kernel_h * s.kernel_w),
          .rows = (sparse + 15) / 16,
          .columns = (dense + width - 1) / width,
          .warps = 1};
  t.warps = std::min(t.rows_in_turn(), kMostWarps);
  const GradWeightPieces pieces(g, t.blocks(), op.grad_weight);
  const Grid grid{.blocks = dim3(static_cast<unsigned>(t.blocks() * g.piece_count)),
                  .threads = dim3(static_cast<unsigned>(t.warps) * kWarp)};
  launch(each == 1   ? sum_nonzero_products<1>
         : each == 2 ? sum_nonzero_products<2>
                     : sum_nonzero_products<4>,
         grid, g, t);
  pieces.add();
  grad_bias(op.grad_y, op.grad_bias);
}

}  // namespace

void conv2d_grad_weight_skip_zero_x(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  run(op, true);
  tally_zeros_of_x(tally, shape_of(op), op.x, Zeros::skipped);
}

void conv2d_grad_weight_skip_zero_grad_y(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  run(op, false);
  tally_zeros_of_grad_y(tally, shape_of(op), op.grad_y, Zeros::skipped);
}

}  // namespace joule::cuda
