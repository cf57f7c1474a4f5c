// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "joule/core/cuda/block.h"
#include "joule/kernels/floats_cuda.h"
#include "joule/kernels/product/mma_types_cuda.h"

namespace joule::cuda {

/// What is contiguous in an operand's memory: terms of the sum, or lines (rows of the first matrix,
/// columns of the second).
enum class Along { terms, lines };

/// A block's part of a matrix product on tensor cores: kRows x kColumns sums in f32, 32 x 32 of
/// them per warp.  Shared memory holds two steps of 16 terms each, rounded: the threads fill one
/// while they multiply the other.
///
/// Bound: the tensor cores' rate, of which fragments that pass through shared memory reach a part.
template <class Type, int kRowCount, int kColumnCount, Along kAlongA, Along kAlongB>
struct MmaTile {
  static constexpr int kRows = kRowCount, kColumns = kColumnCount, kDepth = 16;
  static constexpr int kThreads = kRows * kColumns / 32;
  static constexpr int kBlocks = 512 / kThreads;  // per multiprocessor: 128 registers a thread
  /// Groups of four elements of a step's operands that each thread moves.
  static constexpr int kFoursA = kDepth * kRows / 4 / kThreads;
  static constexpr int kFoursB = kDepth * kColumns / 4 / kThreads;

  /// An operand of a step.  Longer than needed, to reduce bank conflicts.
  template <int kLines, Along kAlong>
  struct Lines {
    static constexpr bool kAlongTerms = kAlong == Along::terms;
    static constexpr int kLength = (kAlongTerms ? kDepth : kLines) + 8;
    typename Type::Element at[kAlongTerms ? kLines : kDepth][kLength];

    __device__ const typename Type::Element* from(int line, int term) const {
      return kAlongTerms ? &at[line][term] : &at[term][line];
    }
  };
  using A = Lines<kRows, kAlongA>;
  using B = Lines<kColumns, kAlongB>;
  struct Operands {
    A a[2];
    B b[2];
  };
  union alignas(32) Shared {
    Operands operands;
    float sums[kRows][kColumns + 4];  // afterwards
  };

  /// Stores four terms of a line, or four lines of a term, depending on the layout of `to`.
  template <class Operand>
  __device__ static void put_terms(Operand& to, int line, int term, const Floats<4>& four) {
    static_assert(Operand::kAlongTerms);
    put(&to.at[line][term], four);
  }
  template <class Operand>
  __device__ static void put_lines(Operand& to, int line, int term, const Floats<4>& four) {
    static_assert(!Operand::kAlongTerms);
    put(&to.at[term][line], four);
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
    const int row = warp / (kColumns / 32) * 32, column = warp % (kColumns / 32) * 32;
    Sums sums[2][2];
    for (auto& of_row : sums) {
      for (Sums& fragment : of_row) nvcuda::wmma::fill_fragment(fragment, 0.0f);
    }
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
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        nvcuda::wmma::store_matrix_sync(&shared.sums[row + i * 16][column + j * 16], sums[i][j],
                                        kColumns + 4, nvcuda::wmma::mem_row_major);
      }
    }
    __syncthreads();
#endif
  }

 private:
  struct alignas(4 * sizeof(typename Type::Element)) Four {
    typename Type::Element at[4];
  };
  __device__ static void put(typename Type::Element* to, const Floats<4>& from) {
    Four four;
    for (int k = 0; k < 4; ++k) four.at[k] = Type::round(from.at[k]);
    *reinterpret_cast<Four*>(to) = four;
  }

#if JOULE_ARCH_HAS_MMA
  using Sums = nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, Type::kDepth, float>;

  /// Adds one step to the warp's 2 x 2 fragments.
  __device__ static void multiply(const A& a, const B& b, int row, int column, Sums (&sums)[2][2]) {
    namespace wmma = nvcuda::wmma;
    using LayoutA = std::conditional_t<A::kAlongTerms, wmma::row_major, wmma::col_major>;
    using LayoutB = std::conditional_t<B::kAlongTerms, wmma::col_major, wmma::row_major>;
    using Operand = typename Type::Operand;
#pragma unroll
    for (int term = 0; term < kDepth; term += Type::kDepth) {
      wmma::fragment<wmma::matrix_a, 16, 16, Type::kDepth, Operand, LayoutA> of_a[2];
      wmma::fragment<wmma::matrix_b, 16, 16, Type::kDepth, Operand, LayoutB> of_b[2];
      for (int i = 0; i < 2; ++i) {
        wmma::load_matrix_sync(of_a[i], a.from(row + i * 16, term), A::kLength);
        wmma::load_matrix_sync(of_b[i], b.from(column + i * 16, term), B::kLength);
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int j = 0; j < 2; ++j) wmma::mma_sync(sums[i][j], of_a[i], of_b[j], sums[i][j]);
      }
    }
  }
#endif
};

}  // namespace joule::cuda
