// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/cuda/grad_weight/correlation_loader.h"
#include "joule/kernels/conv2d/cuda/pieces.h"
#include "joule/kernels/product/run_tile_cuda.h"

// The convolution as a matrix product whose first matrix, [pixels, taps * channels], is never
// materialised: its elements are looked up in the image when a tile is loaded (Chetlur et al. 2014,
// arXiv:1410.0759).
namespace joule::cuda {

/// Stores the block's sums, and with a ReLU also its mask: four neighbouring threads combine the
/// bits of 16 channels.
template <class Tile>
__device__ void store_tile(const Correlation& c, const Tile& tile,
                           const typename Tile::Shared& shared, std::int64_t first_pixel,
                           int first_column) {
  typename Epilogue::Totals totals;
  float* const out = c.out + blockIdx.y * c.result_size;
  const unsigned shift = threadIdx.x % 4 * 4;
#pragma unroll
  for (int i = 0; i < Tile::kThreadRows; ++i) {
    const std::int64_t pixel = first_pixel + Tile::row(i);
    const bool exists = pixel < c.pixels;
    const std::int64_t at = exists ? written_pixel(c, pixel) : 0;
    unsigned bits = 0;
#pragma unroll
    for (int four = 0; four < Tile::kThreadFours; ++four) {
      const int column = first_column + Tile::column(four);
      const int inside = exists ? min(c.out_channels - column, 4) : 0;
      if (inside <= 0) continue;
      Floats<4> value = tile.sums_of(shared, i, four);
      bits |= c.epilogue.apply(value, column, inside, totals) << (four * 16 + shift);
      float* const to = out + at * c.out_channels + column;
      if (c.out_by_four) {
        value.store(to);
      } else {
        for (int k = 0; k < 4; ++k) {
          if (k < inside) to[k] = value.at[k];
        }
      }
    }
    if (!c.epilogue.relu) continue;
    bits |= __shfl_xor_sync(kWholeWarp, bits, 1);
    bits |= __shfl_xor_sync(kWholeWarp, bits, 2);
    if (!exists || threadIdx.x % 4 != 0) continue;
    for (int four = 0; four < Tile::kThreadFours; ++four) {
      c.epilogue.write_mask(at, first_column + Tile::column(four), bits >> (four * 16));
    }
  }
  c.epilogue.add(totals);
}

/// One block per tile of kRows pixels and kColumns channels of the result, and per piece of the
/// terms.  Blocks of the same pixels are neighbours, so that the second finds them in L2.  Shared
/// memory and bound: see Loader::Tile, a GemmTile or MmaTile.
template <class Loader>
__global__ void __launch_bounds__(Loader::Tile::kThreads, Loader::Tile::kBlocks)
    correlate(const Correlation c) {
  using Tile = typename Loader::Tile;
  __shared__ typename Tile::Shared shared;
  const auto column_tiles =
      static_cast<unsigned>((c.out_channels + Tile::kColumns - 1) / Tile::kColumns);
  const std::int64_t first_pixel = std::int64_t{blockIdx.x / column_tiles} * Tile::kRows;
  const int first_column = static_cast<int>(blockIdx.x % column_tiles) * Tile::kColumns;
  const int steps = (c.in_channels * c.h.taps * c.w.taps + Tile::kDepth - 1) / Tile::kDepth;
  const auto piece = static_cast<int>(blockIdx.y);
  const int begin = piece_begin(steps, c.pieces, piece);
  const int end = piece_begin(steps, c.pieces, piece + 1);
  Tile tile;
  run_tile(tile, shared, end - begin,
           [&] { return Loader(c, first_pixel, first_column, begin * Tile::kDepth); });
  store_tile(c, tile, shared, first_pixel, first_column);
}

}  // namespace joule::cuda
