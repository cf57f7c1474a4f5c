// SPDX-License-Identifier: MIT
#include "joule/kernels/linear/linear_cuda.h"
#include "joule/kernels/product/mma_f32_cuda.h"
#include "joule/kernels/product/mma_tile_cuda.h"
#include "joule/kernels/product/run_tile_cuda.h"
#include "joule/kernels/product/tiled_gemm_cuda.h"

// The matrix product of gemm_cuda.cu on tensor cores: operands rounded to TF32 or bf16, or f32 by
// three products of TF32; sums in f32.
namespace joule::cuda {
namespace {

/// Brings steps of both operands, of MatrixTiles, to a Tile.
template <class Tile, bool kAAlongK, bool kBAlongK, bool kFour>
class GemmLoader {
 public:
  __device__ GemmLoader(const Lines& a, const Lines& b, std::int64_t begin)
      : a_(a), b_(b), k_(begin) {}

  __device__ void load() {
    a_.load(k_, next_a_);
    b_.load(k_, next_b_);
    k_ += Tile::kDepth;
  }
  __device__ void store(typename Tile::Operands& operands, int side) const {
    put<kAAlongK>(operands.a[side], next_a_);
    put<kBAlongK>(operands.b[side], next_b_);
  }

 private:
  template <bool kAlongK, class Operand>
  __device__ static void put(Operand& to, const GemmTile64::Quads& quads) {
    using Place = GemmQuad<kAlongK>;
    for (int q = 0; q < GemmTile64::kQuads; ++q) {
      if constexpr (kAlongK) {
        Tile::put_terms(to, Place::row(q), Place::depth(q), quads[q]);
      } else {
        Tile::put_lines(to, Place::row(q), Place::depth(q), quads[q]);
      }
    }
  }

  MatrixTile<kAAlongK, kFour> a_;
  MatrixTile<kBAlongK, kFour> b_;
  std::int64_t k_;
  GemmTile64::Quads next_a_, next_b_;
};

template <bool kAlongK>
inline constexpr Along kAlong = kAlongK ? Along::terms : Along::lines;

/// A block of 128 threads per tile of 64x64, and per piece of k (blockIdx.y), of which the sums go
/// to c + piece * m * n.  Shared memory: 17 to 24 KiB.  Bound: see MmaTile.
template <class Type, bool kAAlongK, bool kBAlongK, bool kFour>
__global__ void __launch_bounds__(GemmTile64::kThreads, Type::kAsks ? 3 : 4)
    multiply_tiles(Gemm g, Tiling t) {
  using Tile =
      MmaTile<Type, GemmTile64::kSide, GemmTile64::kSide, kAlong<kAAlongK>, kAlong<kBAlongK>>;
  static_assert(Tile::kThreads == GemmTile64::kThreads && Tile::kDepth == GemmTile64::kDepth);
  __shared__ typename Tile::Shared shared;
  const std::int64_t row0 = blockIdx.x / t.column_tiles * GemmTile64::kSide;
  const std::int64_t column0 = blockIdx.x % t.column_tiles * GemmTile64::kSide;
  const std::int64_t begin = blockIdx.y * t.depth, end = min(begin + t.depth, g.k);
  Tile tile;
  run_tile(tile, shared, static_cast<int>((end - begin + Tile::kDepth - 1) / Tile::kDepth), [&] {
    return GemmLoader<Tile, kAAlongK, kBAlongK, kFour>(
        {g.a.data, row0, g.m, g.k, kAAlongK ? g.a.row : g.a.column},
        {g.b.data, column0, g.n, g.k, kBAlongK ? g.b.column : g.b.row}, begin);
  });

  float* const c = g.c + blockIdx.y * g.m * g.n;
  for (int i = 0; i < Tile::kThreadRows; ++i) {
    const std::int64_t row = row0 + Tile::row(i);
    if (row >= g.m) continue;
    store_four(g, tile.sums_of(shared, i, 0), column0 + Tile::column(0), c + row * g.n);
  }
}

template <class Type>
struct MmaGemm {
  template <bool kAAlongK, bool kBAlongK, bool kFour>
  static auto tiles() {
    return multiply_tiles<Type, kAAlongK, kBAlongK, kFour>;
  }
};

template <class Type, class Op>
void run(const Op& op, Tally* tally) {
  gemm_in_tiles<MmaGemm<Type>>(gemm_of(op));
  finish(op, tally);
}

}  // namespace

void linear_mma_f32(const ops::Linear& op, Context&, Tally* tally) { run<ThreeTf32>(op, tally); }
void linear_mma_tf32(const ops::Linear& op, Context&, Tally* tally) { run<Tf32>(op, tally); }
void linear_mma_bf16(const ops::Linear& op, Context&, Tally* tally) { run<Bf16>(op, tally); }
void linear_grad_input_mma_f32(const ops::LinearGradInput& op, Context&, Tally* tally) {
  run<ThreeTf32>(op, tally);
}
void linear_grad_input_mma_tf32(const ops::LinearGradInput& op, Context&, Tally* tally) {
  run<Tf32>(op, tally);
}
void linear_grad_input_mma_bf16(const ops::LinearGradInput& op, Context&, Tally* tally) {
  run<Bf16>(op, tally);
}
void linear_grad_weight_mma_f32(const ops::LinearGradWeight& op, Context&, Tally* tally) {
  run<ThreeTf32>(op, tally);
}
void linear_grad_weight_mma_tf32(const ops::LinearGradWeight& op, Context&, Tally* tally) {
  run<Tf32>(op, tally);
}
void linear_grad_weight_mma_bf16(const ops::LinearGradWeight& op, Context&, Tally* tally) {
  run<Bf16>(op, tally);
}

}  // namespace joule::cuda
