// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/kernels/floats_cuda.h"

// The inner product of a matrix multiplication: one block of threads sums one tile of the result.
namespace joule::cuda {

/// A 64x64 tile of c = a b, computed by a block of 128 threads in steps of 16 of k.
struct GemmTile64 {
  static constexpr int kSide = 64;
  static constexpr int kDepth = 16;
  static constexpr int kThreads = 128;
  static constexpr int kRows = 8, kColumns = 4;  // the part of the result that one thread sums
  static constexpr int kQuads = kSide * kDepth / (4 * kThreads);  // per thread and operand

  /// 16 of k for 64 rows of a, or columns of b.  The padding keeps rows of four floats aligned, and
  /// lets at most two threads of a warp store to the same bank.
  struct alignas(16) Operand {
    float at[kDepth][kSide + 4];
  };
  /// What one thread moves from global to shared memory.
  using Quads = Floats<4>[kQuads];

  __device__ static int first_row() { return threadIdx.x / (kSide / kColumns) * kRows; }
  __device__ static int first_column() { return threadIdx.x % (kSide / kColumns) * kColumns; }
};

/// Which four elements of an operand's tile a thread moves, and where they go: with kAlongK, four
/// consecutive k of one row of a (column of b), otherwise four rows (columns) of one k.
template <bool kAlongK>
struct GemmQuad {
  __device__ static int row(int quad) {
    return kAlongK ? threadIdx.x / 4 + quad * (GemmTile64::kThreads / 4) : threadIdx.x % 16 * 4;
  }
  __device__ static int depth(int quad) {
    return kAlongK ? threadIdx.x % 4 * 4 : threadIdx.x / 16 + quad * (GemmTile64::kThreads / 16);
  }
  __device__ static void store(const GemmTile64::Quads& quads, GemmTile64::Operand& tile) {
    for (int q = 0; q < GemmTile64::kQuads; ++q) {
      if constexpr (kAlongK) {
        for (int i = 0; i < 4; ++i) tile.at[depth(q) + i][row(q)] = quads[q].at[i];
      } else {
        quads[q].store(&tile.at[depth(q)][row(q)]);
      }
    }
  }
};

/// sums[i][j] += sum over the 16 k of a(first_row() + i, k) * b(k, first_column() + j).
__device__ inline void multiply_tile(const GemmTile64::Operand& a, const GemmTile64::Operand& b,
                                     float (&sums)[GemmTile64::kRows][GemmTile64::kColumns]) {
  const int row = GemmTile64::first_row(), column = GemmTile64::first_column();
  for (int k = 0; k < GemmTile64::kDepth; ++k) {
    const Floats<4> upper = Floats<4>::load(&a.at[k][row]);
    const Floats<4> lower = Floats<4>::load(&a.at[k][row + 4]);
    const Floats<4> right = Floats<4>::load(&b.at[k][column]);
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 4; ++i) {
        sums[i][j] += upper.at[i] * right.at[j];
        sums[i + 4][j] += lower.at[i] * right.at[j];
      }
    }
  }
}

/// sums[i][j] = sum over begin <= k < end of a(first_row() + i, k) * b(k, first_column() + j), in
/// the order of k.
///
/// `A` and `B` define how their tile of 64 rows (columns) gets into shared memory:
///   load(k, quads) fetches this thread's part of [k, k + 16), 0 where the matrix has no element;
///   A::store(quads, tile) stores it there (see GemmQuad, for example).
/// `begin` must be a multiple of 16, and so must `end` unless nothing lies beyond it.  All 128
/// threads of a block must call it, once.
///
/// While the threads multiply 16 of k, the next 16 are on their way to registers.  One of two
/// buffers in shared memory is read while the other is written, so one barrier per 16 is enough.
/// Shared memory: 17408 bytes.  Bound: 12 floats from shared memory for 32 FMAs, 128 bytes of
/// operands for each 1024 FMAs of the block.
template <class A, class B>
__device__ void sum_tile(A& a, B& b, std::int64_t begin, std::int64_t end,
                         float (&sums)[GemmTile64::kRows][GemmTile64::kColumns]) {
  __shared__ GemmTile64::Operand a_tiles[2], b_tiles[2];
  for (auto& row : sums) {
    for (float& sum : row) sum = 0;
  }
  GemmTile64::Quads next_a, next_b;
  if (begin < end) {
    a.load(begin, next_a);
    b.load(begin, next_b);
  }
  int buffer = 0;
  for (std::int64_t k = begin; k < end; k += GemmTile64::kDepth) {
    A::store(next_a, a_tiles[buffer]);
    B::store(next_b, b_tiles[buffer]);
    __syncthreads();
    if (k + GemmTile64::kDepth < end) {
      a.load(k + GemmTile64::kDepth, next_a);
      b.load(k + GemmTile64::kDepth, next_b);
    }
    multiply_tile(a_tiles[buffer], b_tiles[buffer], sums);
    buffer ^= 1;
  }
}

}  // namespace joule::cuda
