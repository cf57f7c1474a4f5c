// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/kernels/floats_cuda.h"
#include "joule/kernels/product/mma_types_cuda.h"

namespace joule::cuda {

/// A block's part of a matrix product on tensor cores: kRows x kColumns sums in f32, 64 x 32 of
/// them per warp, or 32 x 32 in a tile of 64 x 64.  Shared memory holds two steps of 16 terms each,
/// rounded: the threads fill one while they multiply the other.
///
/// Bound: the rate at which a warp's tensor core multiplies, of which the instructions that bring
/// the operands leave the part that docs/cuda.md counts.
template <class Type, int kRowCount, int kColumnCount, Along kAlongA, Along kAlongB>
struct MmaTile {
  static constexpr int kRows = kRowCount, kColumns = kColumnCount, kDepth = 16;
  static constexpr int kWarpRows = kRows * kColumns > 64 * 64 ? 64 : 32, kWarpColumns = 32;
  static constexpr int kThreads = kRows * kColumns / (kWarpRows * kWarpColumns) * 32;
  /// Blocks per multiprocessor: leaves a thread 255 registers, or 128 with the smaller part.
  static constexpr int kBlocks = (kWarpRows == 64 ? 256 : 512) / kThreads;
  /// Groups of four elements of a step's operands that each thread moves.
  static constexpr int kFoursA = kDepth * kRows / 4 / kThreads;
  static constexpr int kFoursB = kDepth * kColumns / 4 / kThreads;

  using A = StepOperand<Type, kRows, kDepth, kAlongA>;
  using B = StepOperand<Type, kColumns, kDepth, kAlongB>;
  struct Operands {
    A a[2];
    B b[2];
  };
  union Shared {
    Operands operands;
    alignas(16) float sums[kRows][kColumns + 8];  // afterwards
  };

  /// Stores four terms of a line, or four lines of a term, depending on the layout of `to`.
  template <class Operand>
  __device__ static void put_terms(Operand& to, int line, int term, const Floats<4>& four) {
    static_assert(Operand::kAlongTerms);
    put(to, &to.at[line][term], four);
  }
  template <class Operand>
  __device__ static void put_lines(Operand& to, int line, int term, const Floats<4>& four) {
    static_assert(!Operand::kAlongTerms);
    put(to, &to.at[term][line], four);
  }

  /// The sums that a thread stores: kThreadRows rows, with kThreadFours groups of four columns in
  /// each.
  static constexpr int kThreadRows = kRows * kColumns / kThreads / 4, kThreadFours = 1;
  __device__ static int row(int i) {
    return (static_cast<int>(threadIdx.x) + i * kThreads) / (kColumns / 4);
  }
  __device__ static int column(int) { return static_cast<int>(threadIdx.x) % (kColumns / 4) * 4; }
  __device__ static Floats<4> sums_of(const Shared& shared, int i, int four) {
    return Floats<4>::load(&shared.sums[row(i)][column(four)]);
  }

  /// Sums over `steps` steps; all threads must call it.  loader.load() reads a thread's part of the
  /// next step into registers, loader.store(operands, side) moves it to operands.a and .b[side].
  template <class Loader>
  __device__ void run(Shared& shared, int steps, Loader& loader) {
#if JOULE_ARCH_HAS_MMA
    Operands& operands = shared.operands;
    const int warp = static_cast<int>(threadIdx.x / kWarp);
    const int row = warp / (kColumns / kWarpColumns) * kWarpRows;
    const int column = warp % (kColumns / kWarpColumns) * kWarpColumns;
    Sums sums = {};
    if constexpr (kAsks) begin_asking(operands);
    if (steps > 0) {
      loader.load();
      loader.store(operands, 0);
    }
    __syncthreads();
    for (int step = 0; step < steps; ++step) {
      const bool more = step + 1 < steps;
      if (more) loader.load();
      multiply(operands.a[step % 2], operands.b[step % 2], row, column, sums);
      if (more) loader.store(operands, (step + 1) % 2);
      __syncthreads();
    }
    if constexpr (kAsks) wrong_ = is_wrong(operands, sums);
    store_fragments<kColumns + 8>(sums, &shared.sums[row][column]);
    __syncthreads();
#endif
  }

  static constexpr bool kAsks = Type::kAsks;
  static constexpr int kTogether = kAsks ? 1 : kDepth / Type::kDepth;
  /// After run(), in all threads: whether the sums are to be computed in another way.
  __device__ bool wrong() const { return wrong_; }

 private:
  using Sums = float[kWarpRows / 16][kWarpColumns / 8][4];

  struct alignas(4 * sizeof(typename Type::Element)) Four {
    typename Type::Element at[4];
  };
  template <class Operand>
  __device__ static void put(Operand& operand, typename Type::Element* to, const Floats<4>& from) {
    Four four;
    for (int k = 0; k < 4; ++k) four.at[k] = Type::round(from.at[k]);
    *reinterpret_cast<Four*>(to) = four;
    if constexpr (kAsks) {
      if (!Type::usual(from)) atomicExch(&operand.unusual, 1u);
    }
  }
  bool wrong_ = false;

#if JOULE_ARCH_HAS_MMA
  __device__ static void begin_asking(Operands& operands) {
    if (threadIdx.x < 2) operands.a[threadIdx.x].unusual = operands.b[threadIdx.x].unusual = 0;
    __syncthreads();
  }
  __device__ static bool is_wrong(const Operands& operands, const Sums& sums) {
    unsigned wrong = unsigned{!all_finite(sums)};
    for (int side = 0; side < 2; ++side) {
      wrong |= operands.a[side].unusual | operands.b[side].unusual;
    }
    return __syncthreads_or(static_cast<int>(wrong)) != 0;
  }

  /// Adds one step to the warp's sums.  Two fragments of twice the size would not fit the
  /// registers.
  __device__ static void multiply(const A& a, const B& b, int row, int column, Sums& sums) {
#pragma unroll kTogether
    for (int term = 0; term < kDepth; term += Type::kDepth) {
      typename Type::Fragment of_b[kWarpColumns / 16];
      for (int j = 0; j < kWarpColumns / 16; ++j) of_b[j] = Type::load(b, column + j * 16, term);
#pragma unroll
      for (int i = 0; i < kWarpRows / 16; ++i) {
        const typename Type::Fragment of_a = Type::load(a, row + i * 16, term);
#pragma unroll
        for (int j = 0; j < kWarpColumns / 8; ++j) {
          Type::multiply(sums[i][j], of_a, of_b[j / 2], j % 2);
        }
      }
    }
  }
#endif
};

}  // namespace joule::cuda
