// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {

/// A block's part of a matrix product: kRows x kColumns sums, 8 x 8 of them in the registers of
/// each thread.  Shared memory holds two steps of kDepth terms each: the threads fill one while
/// they multiply the other.
///
/// A thread's 8 rows are two groups of four consecutive rows, kRows / 2 apart, and likewise its
/// columns; so the warp's loads of 16 bytes have no bank conflicts.  64 multiply-adds per 16 loaded
/// floats: bound by FLOPs.
template <int kRowCount, int kColumnCount>
struct GemmTile {
  static constexpr int kRows = kRowCount, kColumns = kColumnCount, kDepth = 8;
  static constexpr int kThreads = kRows * kColumns / 64;
  /// Blocks per multiprocessor: leaves a thread 128 registers, or 168 with smaller tiles.
  static constexpr int kBlocks = kThreads == 256 ? 2 : 384 / kThreads;
  static constexpr int kThreadColumns = kColumns / 8;
  /// Groups of four floats of a step's operands that each thread moves.
  static constexpr int kFoursA = kDepth * kRows / 4 / kThreads;
  static constexpr int kFoursB = kDepth * kColumns / 4 / kThreads;

  struct Operands {
    // Four floats longer than needed: else two threads of a transposed store hit the same bank.
    alignas(16) float a[2][kDepth][kRows + 4];
    alignas(16) float b[2][kDepth][kColumns];
  };
  using Shared = Operands;

  /// Stores four terms of a line (a row of the first matrix, a column of the second), or four lines
  /// of a term.
  template <int kLength>
  __device__ static void put_terms(float (&to)[kDepth][kLength], int line, int term,
                                   const Floats<4>& four) {
    for (int k = 0; k < 4; ++k) to[term + k][line] = four.at[k];
  }
  template <int kLength>
  __device__ static void put_lines(float (&to)[kDepth][kLength], int line, int term,
                                   const Floats<4>& four) {
    four.store(&to[term][line]);
  }

  float sums[8][8] = {};

  __device__ static int thread_row() { return static_cast<int>(threadIdx.x) / kThreadColumns; }
  __device__ static int thread_column() { return static_cast<int>(threadIdx.x) % kThreadColumns; }

  /// The sums that a thread stores: kThreadRows rows, with kThreadFours groups of four columns in
  /// each.
  static constexpr int kThreadRows = 8, kThreadFours = 2;
  __device__ static int row(int i) { return i / 4 * (kRows / 2) + thread_row() * 4 + i % 4; }
  __device__ static int column(int four) { return four * (kColumns / 2) + thread_column() * 4; }
  __device__ Floats<4> sums_of(const Shared&, int i, int four) const {
    Floats<4> value;
    for (int k = 0; k < 4; ++k) value.at[k] = sums[i][four * 4 + k];
    return value;
  }

  __device__ void multiply(const Shared& shared, int step) {
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      Floats<4> a[2], b[2];
      for (int half = 0; half < 2; ++half) {
        a[half] = Floats<4>::load(&shared.a[step][k][row(half * 4)]);
        b[half] = Floats<4>::load(&shared.b[step][k][column(half)]);
      }
#pragma unroll
      for (int i = 0; i < 8; ++i) {
#pragma unroll
        for (int j = 0; j < 8; ++j) sums[i][j] += a[i / 4].at[i % 4] * b[j / 4].at[j % 4];
      }
    }
  }

  /// Sums over `steps` steps; all threads must call it.  loader.load() reads a thread's part of the
  /// next step into registers, loader.store(shared, side) writes it to shared.a[side] and .b[side].
  template <class Loader>
  __device__ void run(Shared& shared, int steps, Loader& loader) {
    if (steps == 0) return;
    loader.load();
    loader.store(shared, 0);
    __syncthreads();
    for (int step = 0; step < steps; ++step) {
      const int side = step % 2;
      const bool more = step + 1 < steps;
      if (more) loader.load();
      multiply(shared, side);
      if (more) loader.store(shared, 1 - side);
      __syncthreads();
    }
  }
};

}  // namespace joule::cuda
