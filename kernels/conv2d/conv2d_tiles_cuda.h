// SPDX-License-Identifier: MIT
#pragma once

#include "core/cuda/launch_cuda.h"
#include "kernels/conv2d/conv2d_correlation_cuda.h"
#include "kernels/conv2d/conv2d_cuda.h"

// The convolution and the gradient of its input by kernels that compute a Correlation in tiles, one
// for each block.  Of a Kernel they need:
//   kPixels                   of a tile
//   tile_columns(channels)    how many channels a tile has of an output of so many; by 16
//   threads(tile_columns)     of a block
//   launch(correlation, grid)
namespace joule::cuda {

/// The channels of all tiles, which are more than the output has if the last is not full.
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

template <class Kernel>
void run_in_tiles(const Conv2d& op) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_weights(op.weight, Direction::forward);
  Correlation c(cpu::forward_pass(s), s, *weights, op.x, op.y);
  const Grid grid = grid_of_tiles<Kernel>(c);
  EpilogueOf epilogue(op, grid, covered_columns<Kernel>(c.out_channels));
  c.epilogue = *epilogue;
  Kernel::launch(c, grid);
  epilogue.finish();
}

template <class Kernel>
void run_in_tiles(const Conv2dGradInput& op) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_weights(op.weight, Direction::backward);
  for (const cpu::Pass& pass : cpu::grad_input_passes(s)) {
    const Correlation c(pass, s, *weights, op.grad_y, op.grad_x);
    Kernel::launch(c, grid_of_tiles<Kernel>(c));
  }
}

}  // namespace joule::cuda
