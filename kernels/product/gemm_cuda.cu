// SPDX-License-Identifier: MIT
#include "joule/kernels/product/gemm_cuda.h"

#include <algorithm>

#include "joule/kernels/product/tiled_gemm_cuda.h"

namespace joule::cuda {
namespace {

/// One thread per element of c, those of a warp in a row of it.  Each reads 8 bytes per FMA, which
/// the caches share out among neighbours.
__global__ void multiply_elements(Gemm g) {
  for (std::int64_t at = thread_index(); at < g.m * g.n; at += thread_count()) {
    const std::int64_t i = at / g.n, j = at % g.n;
    const float* const a = g.a.data + i * g.a.row;
    const float* const b = g.b.data + j * g.b.column;
    float sum = g.bias ? g.bias[j] : 0;
    for (std::int64_t l = 0; l < g.k; ++l) sum += a[l * g.a.column] * b[l * g.b.row];
    g.c[at] = sum;
  }
}

/// A block of 128 threads per tile of 64x64, and per piece of k (blockIdx.y), of which the sums go
/// to c + piece * m * n.  Shared memory and bound: see sum_tile().
template <bool kAAlongK, bool kBAlongK, bool kFour>
__global__ void __launch_bounds__(GemmTile64::kThreads) multiply_tiles(Gemm g, Tiling t) {
  const std::int64_t row0 = blockIdx.x / t.column_tiles * GemmTile64::kSide;
  const std::int64_t column0 = blockIdx.x % t.column_tiles * GemmTile64::kSide;
  MatrixTile<kAAlongK, kFour> a({g.a.data, row0, g.m, g.k, kAAlongK ? g.a.row : g.a.column});
  MatrixTile<kBAlongK, kFour> b({g.b.data, column0, g.n, g.k, kBAlongK ? g.b.column : g.b.row});
  float sums[GemmTile64::kRows][GemmTile64::kColumns];
  const std::int64_t begin = blockIdx.y * t.depth;
  sum_tile(a, b, begin, min(begin + t.depth, g.k), sums);

  float* const c = g.c + blockIdx.y * g.m * g.n;
  const std::int64_t row = row0 + GemmTile64::first_row();
  for (int i = 0; i < GemmTile64::kRows && row + i < g.m; ++i) {
    Floats<4> four;
    for (int j = 0; j < 4; ++j) four.at[j] = sums[i][j];
    store_four(g, four, column0 + GemmTile64::first_column(), c + (row + i) * g.n);
  }
}

/// One thread per element of c, which adds the pieces in their order.
__global__ void add_in_order(const float* sums, std::int64_t pieces, Gemm g) {
  const std::int64_t size = g.m * g.n;
  for (std::int64_t at = thread_index(); at < size; at += thread_count()) {
    float sum = g.bias ? g.bias[at % g.n] : 0;
    for (std::int64_t piece = 0; piece < pieces; ++piece) sum += sums[piece * size + at];
    g.c[at] = sum;
  }
}

struct TiledGemm {
  template <bool kAAlongK, bool kBAlongK, bool kFour>
  static auto tiles() {
    return multiply_tiles<kAAlongK, kBAlongK, kFour>;
  }
};

}  // namespace

Tiling tiling(const Gemm& g) {
  // So many blocks keep 132 multiprocessors busy; the number is fixed, so that the bits do not
  // depend on the device.  A piece of less than 128 is not worth its second pass.
  constexpr std::int64_t kBlocks = 256, kLeastDepth = 128;
  const auto parts = [](std::int64_t all, std::int64_t part) { return (all + part - 1) / part; };
  Tiling t{.row_tiles = parts(g.m, GemmTile64::kSide),
           .column_tiles = parts(g.n, GemmTile64::kSide)};
  const std::int64_t tiles = std::max<std::int64_t>(1, t.row_tiles * t.column_tiles);
  const std::int64_t wanted =
      std::max<std::int64_t>(1, std::min(kBlocks / tiles, g.k / kLeastDepth));
  t.depth = parts(parts(g.k, GemmTile64::kDepth), wanted) * GemmTile64::kDepth;
  t.pieces = g.k > 0 ? parts(g.k, t.depth) : 1;
  return t;
}

void add_gemm_pieces(const float* sums, std::int64_t pieces, const Gemm& g) {
  launch(add_in_order, grid_over(g.m * g.n), sums, pieces, g);
}

void gemm_one_thread_per_output(const Gemm& args) {
  launch(multiply_elements, grid_over(args.m * args.n), args);
}

void gemm_tiled_64x64(const Gemm& args) { gemm_in_tiles<TiledGemm>(args); }

}  // namespace joule::cuda
