// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/pixel_loader.h"
#include "joule/kernels/product/run_tile_cuda.h"

// The gradient of the weights as a matrix product: a row per filter, a column per tap and channel,
// summed over the pixels of grad_y.  The pixels are many and the sums few, so different blocks sum
// pieces of the pixels, and the pieces are then added in order.
namespace joule::cuda {

/// One block per piece of the pixels and tile of kRows filters and kColumns of their weights.
/// Blocks of the same piece are neighbours, so that they find its pixels in L2.  Shared memory and
/// bound: see the Tile, GemmTile or MmaTile.
template <class Tile, bool kByFour>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks) sum_products(const GradWeight g) {
  __shared__ typename Tile::Shared shared;
  const unsigned row_tiles = static_cast<unsigned>(g.out_channels + Tile::kRows - 1) / Tile::kRows;
  const unsigned column_tiles =
      static_cast<unsigned>(g.columns + Tile::kColumns - 1) / Tile::kColumns;
  const int first_column = static_cast<int>(blockIdx.x % column_tiles) * Tile::kColumns;
  const int first_row = static_cast<int>(blockIdx.x / column_tiles % row_tiles) * Tile::kRows;
  const std::int64_t piece = blockIdx.x / column_tiles / row_tiles;
  const std::int64_t begin = piece_begin(g.pixels, g.piece_count, piece);
  const std::int64_t end = piece_begin(g.pixels, g.piece_count, piece + 1);
  Tile tile;
  run_tile(tile, shared, static_cast<int>((end - begin + Tile::kDepth - 1) / Tile::kDepth),
           [&] { return PixelLoader<Tile, kByFour>(g, first_row, first_column, begin, end); });
#pragma unroll
  for (int i = 0; i < Tile::kThreadRows; ++i) {
    const int o = first_row + Tile::row(i);
    if (o >= g.out_channels) continue;
    for (int four = 0; four < Tile::kThreadFours; ++four) {
      const int column = first_column + Tile::column(four);
      float* const to = g.pieces + (piece * g.out_channels + o) * g.columns + column;
      const Floats<4> value = tile.sums_of(shared, i, four);
      if (g.pieces_by_four && column < g.columns) {
        value.store(to);
      } else {
        for (int k = 0; k < 4 && column + k < g.columns; ++k) to[k] = value.at[k];
      }
    }
  }
}

template <class Tile>
void sum_products_in_tiles(GradWeight g, const Tensor& grad_weight) {
  const std::int64_t tiles = std::int64_t{(g.out_channels + Tile::kRows - 1) / Tile::kRows} *
                             ((g.columns + Tile::kColumns - 1) / Tile::kColumns);
  const GradWeightPieces pieces(g, tiles, grad_weight);
  const Grid grid{.blocks = dim3(static_cast<unsigned>(tiles * g.piece_count)),
                  .threads = dim3(Tile::kThreads)};
  launch(g.x_by_four ? sum_products<Tile, true> : sum_products<Tile, false>, grid, g);
  pieces.add();
}

}  // namespace joule::cuda
