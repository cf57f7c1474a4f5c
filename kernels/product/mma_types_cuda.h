// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/kernels/floats_cuda.h"
#include "joule/kernels/product/mma_sync_cuda.h"

namespace joule::cuda {

/// What is contiguous in an operand's memory: terms of the sum, or lines (rows of the first matrix,
/// columns of the second).
enum class Along { terms, lines };

/// A step's terms of kLines lines of an operand, in shared memory.  Lines or terms are longer than
/// needed, so that fragments are read without bank conflicts.
template <class Type, int kLines, int kDepth, Along kAlong>
struct StepOperand {
  using Element = typename Type::Element;
  static constexpr bool kAlongTerms = kAlong == Along::terms;
  static constexpr int kPadding = kAlongTerms ? 16 / static_cast<int>(sizeof(Element)) : 8;
  static constexpr int kLength = (kAlongTerms ? kDepth : kLines) + kPadding;

  alignas(16) Element at[kAlongTerms ? kLines : kDepth][kLength];
  unsigned unusual;  // whether an element is, of a Type that asks

  __device__ const Element* from(int line, int term) const {
    return kAlongTerms ? &at[line][term] : &at[term][line];
  }
};

/// What a lane holds of 16 lines of kDepth terms: of the four matrices of 8 lines and half of the
/// terms, the lines in turn first.  That is operand a of ptx::multiply_*(); of b it is the first 8
/// columns in words 0 and 2, and the others in 1 and 3.
struct Fragment {
  std::uint32_t words[4];
};

#if JOULE_ARCH_HAS_MMA
/// Of sums[i][j], of 16 x 8 sums each, from the first one's place on, in lines of kLine floats.
template <int kLine, int kRows, int kColumns>
__device__ void store_fragments(const float (&sums)[kRows][kColumns][4], float* to) {
  const int lane = static_cast<int>(threadIdx.x % kWarp), g = lane / 4, t = lane % 4;
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
#pragma unroll
    for (int j = 0; j < kColumns; ++j) {
      for (int half = 0; half < 2; ++half) {
        const Floats<2> two{{sums[i][j][half * 2], sums[i][j][half * 2 + 1]}};
        two.store(to + (i * 16 + half * 8 + g) * kLine + j * 8 + t * 2);
      }
    }
  }
}

template <int kRows, int kColumns>
__device__ bool all_finite(const float (&sums)[kRows][kColumns][4]) {
  constexpr unsigned kInfinity = 0x7F800000;  // its bits, which NaN has and others
  bool finite = true;
  for (const auto& of_row : sums) {
    for (const auto& fragment : of_row) {
      for (const float sum : fragment) finite &= (__float_as_uint(sum) & kInfinity) != kInfinity;
    }
  }
  return finite;
}

/// Of any operand whose words of 32 bits are terms in order, or of bf16 along lines.
template <class Type, class Operand>
__device__ Fragment load_by_rows(const Operand& operand, int line, int term) {
  const int lane = static_cast<int>(threadIdx.x % kWarp), row = lane % 8;
  line += lane / 8 % 2 * 8;
  term += lane / 16 * (Type::kDepth / 2);
  Fragment fragment;
  if constexpr (Operand::kAlongTerms) {
    ptx::load_matrices(fragment.words, operand.from(line + row, term));
  } else {
    ptx::load_transposed(fragment.words, operand.from(line, term + row));
  }
  return fragment;
}
#endif

/// The operand types of tensor cores: kDepth terms at once, stored in shared memory as Element.
/// kAsks: whether the type is right for usual() elements and finite sums only.
struct Tf32 {
  using Element = float;
  using Fragment = cuda::Fragment;
  static constexpr bool kAsks = false;
  static constexpr int kDepth = 8;

#if JOULE_ARCH_HAS_MMA
  __device__ static Element round(float value) {
    return __uint_as_float(ptx::round_to_tf32(value));
  }
  template <class Operand>
  __device__ static Fragment load(const Operand& operand, int line, int term) {
    if constexpr (Operand::kAlongTerms) {
      return load_by_rows<Tf32>(operand, line, term);
    } else {  // nothing transposes elements of 32 bits
      const int lane = static_cast<int>(threadIdx.x % kWarp), g = lane / 4, t = lane % 4;
      Fragment fragment;
      for (int i = 0; i < 4; ++i) {
        const float* const from = operand.from(line + i % 2 * 8 + g, term + i / 2 * 4 + t);
        fragment.words[i] = __float_as_uint(*from);
      }
      return fragment;
    }
  }
  /// Adds the products with the first 8 columns of b, or with the others.
  __device__ static void multiply(float (&sums)[4], const Fragment& a, const Fragment& b,
                                  int half) {
    ptx::multiply_tf32(sums, a.words, {b.words[half], b.words[half + 2]});
  }
#else
  __device__ static Element round(float value) { return value; }
#endif
};

struct Bf16 {
  using Element = __nv_bfloat16;
  using Fragment = cuda::Fragment;
  static constexpr bool kAsks = false;
  static constexpr int kDepth = 16;

  __device__ static Element round(float value) { return __float2bfloat16(value); }
#if JOULE_ARCH_HAS_MMA
  template <class Operand>
  __device__ static Fragment load(const Operand& operand, int line, int term) {
    return load_by_rows<Bf16>(operand, line, term);
  }
  __device__ static void multiply(float (&sums)[4], const Fragment& a, const Fragment& b,
                                  int half) {
    ptx::multiply_bf16(sums, a.words, {b.words[half], b.words[half + 2]});
  }
#endif
};

}  // namespace joule::cuda
