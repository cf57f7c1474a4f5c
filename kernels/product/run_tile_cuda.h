// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {

/// The sums of a Tile by multiply-adds in f32, in the order of the terms: what it stores to
/// shared.sums is what sums_of() returns.  All threads must call it.
template <class Tile, class Loader>
__device__ void sum_in_f32(typename Tile::Shared& shared, int steps, Loader& loader) {
  auto& operands = shared.operands;
  Floats<4> sums[Tile::kThreadRows] = {};
  for (int step = 0; step < steps; ++step) {
    loader.load();
    loader.store(operands, 0);
    __syncthreads();
#pragma unroll 1
    for (int term = 0; term < Tile::kDepth; ++term) {
      Floats<4> b;
      for (int k = 0; k < 4; ++k) b.at[k] = *operands.b[0].from(Tile::column(0) + k, term);
#pragma unroll
      for (int i = 0; i < Tile::kThreadRows; ++i) {
        const float a = *operands.a[0].from(Tile::row(i), term);
        for (int k = 0; k < 4; ++k) sums[i].at[k] += a * b.at[k];
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < Tile::kThreadRows; ++i) {
    sums[i].store(&shared.sums[Tile::row(i)][Tile::column(0)]);
  }
  __syncthreads();
}

/// Sums over `steps` steps that a loader made by make_loader() brings; all threads must call it.
template <class Tile, class Make>
__device__ void run_tile(Tile& tile, typename Tile::Shared& shared, int steps,
                         const Make& make_loader) {
  {
    auto loader = make_loader();
    tile.run(shared, steps, loader);
  }
  if constexpr (requires { tile.wrong(); }) {
    if constexpr (Tile::kAsks) {
      if (!tile.wrong()) return;
      auto again = make_loader();
      sum_in_f32<Tile>(shared, steps, again);
    }
  }
}

}  // namespace joule::cuda
