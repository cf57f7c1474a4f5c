// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/backend/memory.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/product/gemm.h"
#include "joule/kernels/product/matrix_tile_cuda.h"

// A product by a kernel that computes 64x64 tiles, one block of 128 threads each, in pieces of k.
namespace joule::cuda {

/// How the result and the sum over k are divided.
struct Tiling {
  std::int64_t row_tiles, column_tiles;
  std::int64_t pieces;  // of k
  std::int64_t depth;   // of a piece: a multiple of 16
};

/// Depends on m, n and k alone, so that the bits do not depend on the device.
Tiling tiling(const Gemm& g);

/// c = bias + the sums of the pieces, in order.
void add_gemm_pieces(const float* sums, std::int64_t pieces, const Gemm& g);

/// row[column + j] = sums[j] + bias, for the columns that exist.
__device__ inline void store_four(const Gemm& g, Floats<4> four, std::int64_t column, float* row) {
  for (int j = 0; j < 4; ++j) {
    if (g.bias && column + j < g.n) four.at[j] += g.bias[column + j];
  }
  if (g.n % 4 == 0 && reinterpret_cast<std::uintptr_t>(g.c) % sizeof four == 0) {
    if (column < g.n) four.store(row + column);
  } else {
    for (int j = 0; j < 4 && column + j < g.n; ++j) row[column + j] = four.at[j];
  }
}

/// Launches Kernel::tiles<whether a lies along k, whether b does, kFour>(gemm, tiling).
template <class Kernel, bool kAAlongK, bool kBAlongK>
void launch_tiles(const Gemm& g, const Tiling& t) {
  const std::int64_t a_stride = kAAlongK ? g.a.row : g.a.column;
  const std::int64_t b_stride = kBAlongK ? g.b.column : g.b.row;
  const std::int64_t sides = (kAAlongK ? g.k : g.m) | (kBAlongK ? g.k : g.n) | a_stride | b_stride;
  const bool four = sides % 4 == 0 && aligned_for_four({g.a.data, g.b.data});
  const Grid grid{.blocks = dim3(static_cast<unsigned>(t.row_tiles * t.column_tiles),
                                 static_cast<unsigned>(t.pieces)),
                  .threads = dim3(GemmTile64::kThreads)};
  launch(four ? Kernel::template tiles<kAAlongK, kBAlongK, true>()
              : Kernel::template tiles<kAAlongK, kBAlongK, false>(),
         grid, g, t);
}

template <class Kernel>
void launch_tiles(const Gemm& g, const Tiling& t) {
  const bool a_along_k = g.a.column == 1, b_along_k = g.b.row == 1;
  if (a_along_k) {
    b_along_k ? launch_tiles<Kernel, true, true>(g, t) : launch_tiles<Kernel, true, false>(g, t);
  } else {
    b_along_k ? launch_tiles<Kernel, false, true>(g, t) : launch_tiles<Kernel, false, false>(g, t);
  }
}

/// If the result has too few tiles to fill a device, cuts k into pieces.
template <class Kernel>
void gemm_in_tiles(const Gemm& args) {
  const Tiling t = tiling(args);
  if (t.pieces == 1) return launch_tiles<Kernel>(args, t);
  const Storage sums(static_cast<std::size_t>(t.pieces * args.m * args.n) * sizeof(float),
                     Device::cuda);
  Gemm partial = args;
  partial.bias = nullptr;
  partial.c = reinterpret_cast<float*>(const_cast<std::byte*>(sums.data()));
  launch_tiles<Kernel>(partial, t);
  add_gemm_pieces(partial.c, t.pieces, args);
}

}  // namespace joule::cuda
