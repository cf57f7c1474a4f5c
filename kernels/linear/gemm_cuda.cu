// SPDX-License-Identifier: MIT
#include "kernels/linear/gemm_cuda.h"

#include <algorithm>

#include "core/cuda/launch_cuda.h"
#include "core/memory.h"
#include "kernels/linear/gemm_tile_cuda.h"

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

/// 64 lines, from `first` on, of a matrix in memory: the rows of a, or the columns of b.
struct Lines {
  const float* data;
  std::int64_t first;
  std::int64_t count;   // of all lines
  std::int64_t length;  // of a line: k
  std::int64_t stride;  // from one line to the next if kAlongK, otherwise from one k to the next
};

/// Brings tiles of a matrix whose elements lie one after another along k if kAlongK, otherwise
/// across the lines.  kFour: that side is a multiple of 4 and aligned, so that no four elements are
/// partly outside.
template <bool kAlongK, bool kFour>
struct MatrixTile : GemmQuad<kAlongK> {
  Lines lines;

  __device__ explicit MatrixTile(const Lines& all) : lines(all) {}

  __device__ void load(std::int64_t k, GemmTile::Quads& quads) const {
    for (int q = 0; q < GemmTile::kQuads; ++q) {
      quads[q] = quad(lines.first + this->row(q), k + this->depth(q));
    }
  }

 private:
  __device__ Floats<4> quad(std::int64_t line, std::int64_t k) const {
    const std::int64_t across = kAlongK ? line : k, along = kAlongK ? k : line;
    const std::int64_t left = (kAlongK ? lines.length : lines.count) - along;
    Floats<4> four{};
    if (left <= 0 || across >= (kAlongK ? lines.count : lines.length)) return four;
    const float* const from = lines.data + across * lines.stride + along;
    if constexpr (kFour) {
      four = Floats<4>::load(from);
    } else {
      for (int i = 0; i < 4; ++i) four.at[i] = i < left ? from[i] : 0;
    }
    return four;
  }
};

/// How the result and the sum over k are shared out.
struct Tiling {
  std::int64_t row_tiles, column_tiles;
  std::int64_t pieces;  // of k
  std::int64_t depth;   // of a piece: a multiple of 16
};

Tiling tiling(const Gemm& g) {
  // So many blocks keep 132 multiprocessors busy; the number is fixed, so that the bits do not
  // depend on the device.  A piece of less than 128 is not worth its second pass.
  constexpr std::int64_t kBlocks = 256, kLeastDepth = 128;
  const auto parts = [](std::int64_t all, std::int64_t part) { return (all + part - 1) / part; };
  Tiling t{.row_tiles = parts(g.m, GemmTile::kSide), .column_tiles = parts(g.n, GemmTile::kSide)};
  const std::int64_t tiles = std::max<std::int64_t>(1, t.row_tiles * t.column_tiles);
  const std::int64_t wanted =
      std::max<std::int64_t>(1, std::min(kBlocks / tiles, g.k / kLeastDepth));
  t.depth = parts(parts(g.k, GemmTile::kDepth), wanted) * GemmTile::kDepth;
  t.pieces = g.k > 0 ? parts(g.k, t.depth) : 1;
  return t;
}

/// row[column + j] = sums[j] + bias, as far as there are columns.
__device__ void store_row(const Gemm& g, const float (&sums)[GemmTile::kColumns],
                          std::int64_t column, float* row) {
  Floats<4> four{};
  for (int j = 0; j < 4; ++j) {
    four.at[j] = sums[j] + (g.bias && column + j < g.n ? g.bias[column + j] : 0);
  }
  if (g.n % 4 == 0 && reinterpret_cast<std::uintptr_t>(g.c) % sizeof four == 0) {
    if (column < g.n) four.store(row + column);
  } else {
    for (int j = 0; j < 4 && column + j < g.n; ++j) row[column + j] = four.at[j];
  }
}

/// A block of 128 threads per tile of 64x64, and per piece of k (blockIdx.y), of which the sums go
/// to c + piece * m * n.  Shared memory and bound: see sum_tile().
template <bool kAAlongK, bool kBAlongK, bool kFour>
__global__ void __launch_bounds__(GemmTile::kThreads) multiply_tiles(Gemm g, Tiling t) {
  const std::int64_t row0 = blockIdx.x / t.column_tiles * GemmTile::kSide;
  const std::int64_t column0 = blockIdx.x % t.column_tiles * GemmTile::kSide;
  MatrixTile<kAAlongK, kFour> a({g.a.data, row0, g.m, g.k, kAAlongK ? g.a.row : g.a.column});
  MatrixTile<kBAlongK, kFour> b({g.b.data, column0, g.n, g.k, kBAlongK ? g.b.column : g.b.row});
  float sums[GemmTile::kRows][GemmTile::kColumns];
  const std::int64_t begin = blockIdx.y * t.depth;
  sum_tile(a, b, begin, min(begin + t.depth, g.k), sums);

  float* const c = g.c + blockIdx.y * g.m * g.n;
  const std::int64_t row = row0 + GemmTile::first_row();
  for (int i = 0; i < GemmTile::kRows && row + i < g.m; ++i) {
    store_row(g, sums[i], column0 + GemmTile::first_column(), c + (row + i) * g.n);
  }
}

/// One thread per element of c, which adds the pieces in their order.
__global__ void add_pieces(const float* sums, std::int64_t pieces, Gemm g) {
  const std::int64_t size = g.m * g.n;
  for (std::int64_t at = thread_index(); at < size; at += thread_count()) {
    float sum = g.bias ? g.bias[at % g.n] : 0;
    for (std::int64_t piece = 0; piece < pieces; ++piece) sum += sums[piece * size + at];
    g.c[at] = sum;
  }
}

template <bool kAAlongK, bool kBAlongK>
void launch_tiles(const Gemm& g, const Tiling& t) {
  const std::int64_t a_stride = kAAlongK ? g.a.row : g.a.column;
  const std::int64_t b_stride = kBAlongK ? g.b.column : g.b.row;
  const std::int64_t sides = (kAAlongK ? g.k : g.m) | (kBAlongK ? g.k : g.n) | a_stride | b_stride;
  const bool four = sides % 4 == 0 && aligned_for_four({g.a.data, g.b.data});
  const Grid grid{.blocks = dim3(static_cast<unsigned>(t.row_tiles * t.column_tiles),
                                 static_cast<unsigned>(t.pieces)),
                  .threads = dim3(GemmTile::kThreads)};
  launch(
      four ? multiply_tiles<kAAlongK, kBAlongK, true> : multiply_tiles<kAAlongK, kBAlongK, false>,
      grid, g, t);
}

void launch_tiles(const Gemm& g, const Tiling& t) {
  const bool a_along_k = g.a.column == 1, b_along_k = g.b.row == 1;
  if (a_along_k) {
    b_along_k ? launch_tiles<true, true>(g, t) : launch_tiles<true, false>(g, t);
  } else {
    b_along_k ? launch_tiles<false, true>(g, t) : launch_tiles<false, false>(g, t);
  }
}

}  // namespace

void gemm_one_thread_per_output(const Gemm& args) {
  launch(multiply_elements, grid_over(args.m * args.n), args);
}

void gemm_tiled_64x64(const Gemm& args) {
  const Tiling t = tiling(args);
  if (t.pieces == 1) return launch_tiles(args, t);
  const Storage sums(static_cast<std::size_t>(t.pieces * args.m * args.n) * sizeof(float),
                     Device::cuda);
  Gemm partial = args;
  partial.bias = nullptr;
  partial.c = reinterpret_cast<float*>(const_cast<std::byte*>(sums.data()));
  launch_tiles(partial, t);
  launch(add_pieces, grid_over(args.m * args.n), partial.c, t.pieces, args);
}

}  // namespace joule::cuda
