// SPDX-License-Identifier: MIT
#include <cuda_bf16.h>
#include <mma.h>

#include "kernels/conv2d/conv2d_tiles_cuda.h"

// The implicit matrix product of conv2d_implicit_gemm_cuda.cu on tensor cores: operands rounded to
// TF32 or bf16, sums in f32.
// Of the architectures that this is compiled for, those before Ampere cannot: there the kernel is
// empty, and unsupported_by_mma() keeps it from being launched.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define JOULE_ARCH_HAS_MMA 1
#else
#define JOULE_ARCH_HAS_MMA 0
#endif

namespace joule::cuda {
namespace {

#if JOULE_ARCH_HAS_MMA
namespace wmma = nvcuda::wmma;

/// What a tensor core multiplies: kDepth terms at once of operands that lie in shared memory as
/// Element.
struct Tf32 {
  using Element = float;
  using Operand = wmma::precision::tf32;
  static constexpr int kDepth = 8;
  __device__ static Element round(float value) { return wmma::__float_to_tf32(value); }
};
struct Bf16 {
  using Element = __nv_bfloat16;
  using Operand = __nv_bfloat16;
  static constexpr int kDepth = 16;
  __device__ static Element round(float value) { return __float2bfloat16(value); }
};

#else
struct Tf32 {};
struct Bf16 {};
#endif

constexpr int kPixels = 128, kColumns = 64;  // of a block's tile
constexpr int kThreads = 256;                // warps: 4 x 2, each 32 x 32 sums

#if JOULE_ARCH_HAS_MMA
constexpr int kTerms = 16;                                                        // of its steps
constexpr int kRowA = kTerms + 8, kRowB = kColumns + 8, kRowSums = kColumns + 4;  // less conflicts

/// Two steps of the operands, and afterwards the sums.
template <class Type>
union alignas(32) Shared {
  struct {
    typename Type::Element a[2][kPixels][kRowA];
    typename Type::Element b[2][kTerms][kRowB];
  } step;
  float sums[kPixels][kRowSums];
};

/// Brings steps of 16 terms into shared memory: neighbours load eight each of a pixel, and four
/// weights of a term.
template <class Type, bool kByFour>
class Loader {
 public:
  __device__ Loader(const Correlation& c, std::int64_t first_pixel, int first_column)
      : c_(c), pixel_(read_pixel(c, first_pixel + thread() / 2)) {
    term_.advance(thread() % 2 * 8, c.w.taps, c.in_channels);
    weight_term_.advance(thread() / 16, c.w.taps, c.in_channels);
    column_ = first_column + thread() % 16 * 4;
  }

  __device__ void load() {
    Term term = term_;
    for (int i = 0; i < 2; ++i) {
      if constexpr (kByFour) {
        const std::int64_t from = offset(term);
        in_[i] = from < 0 ? Floats<4>{} : Floats<4>::load(c_.in + from);
        term.advance(4, c_.w.taps, c_.in_channels);
      } else {
        for (int k = 0; k < 4; ++k) {
          const std::int64_t from = offset(term);
          in_[i].at[k] = from < 0 ? 0 : c_.in[from];
          term.advance(1, c_.w.taps, c_.in_channels);
        }
      }
    }
    term_.advance(kTerms, c_.w.taps, c_.in_channels);
    weights_ = {};
    if (weight_term_.a < c_.h.taps && column_ < c_.packed_columns) {
      const std::int64_t row =
          weight_row(c_, weight_term_.a, weight_term_.b) + weight_term_.channel;
      weights_ = Floats<4>::load(c_.weights + row * c_.packed_columns + column_);
    }
    weight_term_.advance(kTerms, c_.w.taps, c_.in_channels);
  }

  __device__ void store(Shared<Type>& shared, int side) const {
    for (int i = 0; i < 8; ++i) {
      shared.step.a[side][thread() / 2][thread() % 2 * 8 + i] = Type::round(in_[i / 4].at[i % 4]);
    }
    for (int i = 0; i < 4; ++i) {
      shared.step.b[side][thread() / 16][thread() % 16 * 4 + i] = Type::round(weights_.at[i]);
    }
  }

 private:
  __device__ static int thread() { return static_cast<int>(threadIdx.x); }
  __device__ std::int64_t offset(const Term& term) const {
    if (term.a >= c_.h.taps) return -1;
    const std::int64_t first = read_offset(c_, pixel_, term.a, term.b);
    return first < 0 ? -1 : first + term.channel;
  }

  const Correlation& c_;
  ReadPixel pixel_;
  Term term_, weight_term_;
  int column_;
  Floats<4> in_[2], weights_;
};

template <class Type>
using Accumulator = wmma::fragment<wmma::accumulator, 16, 16, Type::kDepth, float>;

/// The warp's 2 x 2 fragments += a step.
template <class Type>
__device__ void multiply(const Shared<Type>& shared, int side, int row, int column,
                         Accumulator<Type> (&sums)[2][2]) {
  using Operand = typename Type::Operand;
#pragma unroll
  for (int term = 0; term < kTerms; term += Type::kDepth) {
    wmma::fragment<wmma::matrix_a, 16, 16, Type::kDepth, Operand, wmma::row_major> a[2];
    wmma::fragment<wmma::matrix_b, 16, 16, Type::kDepth, Operand, wmma::row_major> b[2];
    for (int i = 0; i < 2; ++i) {
      wmma::load_matrix_sync(a[i], &shared.step.a[side][row + i * 16][term], kRowA);
      wmma::load_matrix_sync(b[i], &shared.step.b[side][term][column + i * 16], kRowB);
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int j = 0; j < 2; ++j) wmma::mma_sync(sums[i][j], a[i], b[j], sums[i][j]);
    }
  }
}

/// From shared memory, four channels a thread; the mask's bits of 16 come from four neighbours.
__device__ void store_sums(const Correlation& c, const float (&sums)[kPixels][kRowSums],
                           std::int64_t first_pixel, int first_column) {
  typename Epilogue::Totals totals;
  const int thread = static_cast<int>(threadIdx.x), column = thread % 16 * 4;
  for (int row = thread / 16; row < kPixels; row += kThreads / 16) {
    const bool exists = first_pixel + row < c.pixels;
    const std::int64_t at = exists ? written_pixel(c, first_pixel + row) : 0;
    const int inside = exists ? min(c.out_channels - first_column - column, 4) : 0;
    unsigned bits = 0;
    if (inside > 0) {
      auto value = Floats<4>::load(&sums[row][column]);
      bits = c.epilogue.apply(value, first_column + column, inside, totals) << (thread % 4 * 4);
      float* const to = c.out + at * c.out_channels + first_column + column;
      if (c.out_by_four) {
        value.store(to);
      } else {
        for (int k = 0; k < inside; ++k) to[k] = value.at[k];
      }
    }
    if (!c.epilogue.relu) continue;
    bits |= __shfl_xor_sync(kWholeWarp, bits, 1);
    bits |= __shfl_xor_sync(kWholeWarp, bits, 2);
    if (exists && thread % 4 == 0) c.epilogue.write_mask(at, first_column + column, bits);
  }
  c.epilogue.add(totals);
}

#endif

/// One block per tile of 128 pixels and 64 channels of the result, through 34 KiB of shared memory.
/// Bound: the tensor cores' rate, of which fragments that go through shared memory reach a part.
template <class Type, bool kByFour>
__global__ void __launch_bounds__(kThreads) correlate(const Correlation c) {
#if JOULE_ARCH_HAS_MMA
  __shared__ Shared<Type> shared;
  const auto column_tiles = static_cast<unsigned>((c.out_channels + kColumns - 1) / kColumns);
  const std::int64_t first_pixel = std::int64_t{blockIdx.x / column_tiles} * kPixels;
  const int first_column = static_cast<int>(blockIdx.x % column_tiles) * kColumns;
  const int warp = static_cast<int>(threadIdx.x / kWarp), row = warp / 2 * 32,
            column = warp % 2 * 32;
  Accumulator<Type> sums[2][2];
  for (auto& of_row : sums) {
    for (auto& fragment : of_row) wmma::fill_fragment(fragment, 0.0f);
  }
  Loader<Type, kByFour> loader(c, first_pixel, first_column);
  const int steps = (c.in_channels * c.h.taps * c.w.taps + kTerms - 1) / kTerms;
  if (steps > 0) {
    loader.load();
    loader.store(shared, 0);
  }
  __syncthreads();
  for (int step = 0; step < steps; ++step) {
    const bool more = step + 1 < steps;
    if (more) loader.load();
    multiply<Type>(shared, step % 2, row, column, sums);
    if (more) loader.store(shared, (step + 1) % 2);
    __syncthreads();
  }
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) {
      wmma::store_matrix_sync(&shared.sums[row + i * 16][column + j * 16], sums[i][j], kRowSums,
                              wmma::mem_row_major);
    }
  }
  __syncthreads();
  store_sums(c, shared.sums, first_pixel, first_column);
#endif
}

template <class Type>
struct ImplicitGemmMma {
  static constexpr int kPixels = cuda::kPixels;

  static int tile_columns(int) { return kColumns; }
  static unsigned threads(int) { return kThreads; }
  static void launch(const Correlation& c, const Grid& grid) {
    cuda::launch(c.in_by_four ? correlate<Type, true> : correlate<Type, false>, grid, c);
  }
};

template <class Type>
void run(const Conv2d& op, Tally* tally) {
  run_in_tiles<ImplicitGemmMma<Type>>(op);
  tally_zeros_of_x(tally, shape_of(op), op.x);
}

template <class Type>
void run(const Conv2dGradInput& op, Tally* tally) {
  run_in_tiles<ImplicitGemmMma<Type>>(op);
  tally_zeros_of_grad_input(tally, shape_of(op), op);
}

}  // namespace

const char* unsupported_by_mma() {
  return compute_capability() >= 80 ? nullptr : "needs compute capability 8.0 or later";
}

void conv2d_mma_tf32(const Conv2d& op, Context&, Tally* tally) { run<Tf32>(op, tally); }
void conv2d_mma_bf16(const Conv2d& op, Context&, Tally* tally) { run<Bf16>(op, tally); }
void conv2d_grad_input_mma_tf32(const Conv2dGradInput& op, Context&, Tally* tally) {
  run<Tf32>(op, tally);
}
void conv2d_grad_input_mma_bf16(const Conv2dGradInput& op, Context&, Tally* tally) {
  run<Bf16>(op, tally);
}

}  // namespace joule::cuda
