// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/grad_weight/correlation.h"
#include "joule/kernels/conv2d/cuda/pieces.h"

// Convolution and its input gradient with kernels that compute a Correlation in tiles, one per
// block.  A Kernel must provide:
//   kPixels                   of a tile
//   tile_columns(channels)    the channels of a tile if the output has `channels`; a multiple of 16
//   threads(tile_columns)     of a block
//   kCutsTerms                whether a block sums only its piece of the terms
//   launch(correlation, grid)
namespace joule::cuda {

/// The channels of all tiles; more than the output has if the last tile is partial.
template <class Kernel>
int covered_columns(int channels) {
  const int columns = Kernel::tile_columns(channels);
  return (channels + columns - 1) / columns * columns;
}

template <class Kernel>
Grid grid_of_tiles(const Correlation& c) {
  const int columns = Kernel::tile_columns(c.out_channels);
  const std::int64_t tiles = (c.pixels + Kernel::kPixels - 1) / Kernel::kPixels *
                             (covered_columns<Kernel>(c.out_channels) / columns);
  return {.blocks = dim3(static_cast<unsigned>(tiles)), .threads = dim3(Kernel::threads(columns))};
}

/// The number of pieces into which the terms of the sums are cut if there are too few tiles to fill
/// a device; depends on the shape alone, so that the bits do not depend on the device.
template <class Kernel>
int pieces_of_terms(const Correlation& c) {
  // About half and all of 132 multiprocessors, and the least piece that is worth its addition.
  constexpr std::int64_t kFewTiles = 64, kBlocks = 128, kFewestTerms = 256;
  const std::int64_t tiles = grid_of_tiles<Kernel>(c).blocks.x;
  if (!Kernel::kCutsTerms || tiles == 0 || tiles > kFewTiles) return 1;
  const std::int64_t terms = std::int64_t{c.in_channels} * c.h.taps * c.w.taps;
  return static_cast<int>(std::clamp<std::int64_t>(
      kBlocks / tiles, 1, std::max<std::int64_t>(1, terms / kFewestTerms)));
}

/// Memory for the pieces of a result, and their sum in order.
class ResultInPieces {
 public:
  ResultInPieces(const Tensor& result, int pieces)
      : result_(result), pieces_({pieces, result.numel()}, DType::f32, Device::cuda) {}

  template <class Kernel>
  void sum(Correlation c) const {
    c.pieces = static_cast<int>(pieces_.dim(0));
    c.result_size = pieces_.dim(1);
    c.out = pieces_.mutable_data<float>();
    c.out_by_four = c.out_channels % 4 == 0 && aligned_for_four({c.out});
    Grid grid = grid_of_tiles<Kernel>(c);
    grid.blocks.y = static_cast<unsigned>(c.pieces);
    Kernel::launch(c, grid);
  }
  /// Call it after the launches.
  void add() const {
    add_pieces(pieces_.data<float>(), pieces_.dim(0), pieces_.dim(1),
               result_.mutable_data<float>());
  }

 private:
  const Tensor& result_;
  Tensor pieces_;
};

template <class Kernel>
void run_in_tiles(const ops::Conv2d& op) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_weights(op.weight, Direction::forward);
  Correlation c(cpu::forward_pass(s), s, *weights, op.x, op.y);
  if (const int pieces = pieces_of_terms<Kernel>(c); pieces > 1) {
    const ResultInPieces result(op.y, pieces);
    result.sum<Kernel>(c);
    result.add();
    return bias_and_relu_in_place(op);
  }
  const Grid grid = grid_of_tiles<Kernel>(c);
  EpilogueOf epilogue(op, grid, covered_columns<Kernel>(c.out_channels));
  c.epilogue = *epilogue;
  Kernel::launch(c, grid);
  epilogue.finish();
}

template <class Kernel>
void run_in_tiles(const ops::Conv2dGradInput& op) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_weights(op.weight, Direction::backward);
  std::vector<Correlation> passes;
  int pieces = 1;
  for (const cpu::Pass& pass : cpu::grad_input_passes(s)) {
    passes.emplace_back(pass, s, *weights, op.grad_y, op.grad_x);
    pieces = std::max(pieces, pieces_of_terms<Kernel>(passes.back()));
  }
  if (pieces == 1) {
    for (const Correlation& c : passes) Kernel::launch(c, grid_of_tiles<Kernel>(c));
    return;
  }
  const ResultInPieces result(op.grad_x, pieces);
  for (const Correlation& c : passes) result.sum<Kernel>(c);
  result.add();
}

}  // namespace joule::cuda
