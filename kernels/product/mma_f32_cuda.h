// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/floats_cuda.h"
#include "joule/kernels/product/mma_types_cuda.h"

namespace joule::cuda {

/// f32 on tensor cores: a = high + low + rest, high and low of TF32, and
///   a b = low_a high_b + high_a low_b + high_a high_b,
/// added in this order.  The parts of eight terms are summed by the tensor core from zero, and then
/// added to the f32 sum, rounded to the nearest: a tensor core cuts bits off.
///
/// Numerics  high is rounded to the nearest, so |low| <= 2^-11 |a|.  Of low's 12 bits at most one
///           is lost: |rest| <= 2^-23 |a|.  With u = 2^-24, what is left out of
///           a b is rest_a b + a rest_b + low_a low_b: at most 8 u |a b|.  The tensor core's sums
///           of eight products and a ninth number are off by at most 16 u times their magnitudes
///           (twice what rounding costs; Fasi et al. 2021, doi:10.7717/peerj-cs.330); those of the
///           low parts by 2^-10 of that.  n terms are n / 8 additions.  So a sum is off by at most
///           (24.1 + n / 8) u sum |a b|, and a sum of n multiply-adds in f32 by n u sum |a b|: the
///           former is less if n >= 32 (unsupported_by_three_products()).
///           All of this holds if no part is flushed to zero, so every element must be usual(): 0,
///           or such that its last bit is a normal number.  Products and sums that underflow cost
///           at most 2^-126 each, as in f32.
///           A tile with another element, or with a sum that is not finite, is computed again by
///           multiply-adds: infinities, NaN, overflow and the smallest numbers are those of f32.
/// Source    Ootomo and Yokota 2022, doi:10.1177/10943420221090256.
struct ThreeTf32 {
  using Element = float;
  static constexpr bool kAsks = true;
  static constexpr int kDepth = Tf32::kDepth;

  __device__ static Element round(float value) { return value; }

  /// Whether each of the four is 0 or at least 2^-103 in magnitude; anything that is not finite is.
  __device__ static bool usual(const Floats<4>& four) {
    constexpr unsigned kLeast = 24u << 23;  // the bits of 2^-103
    unsigned least = ~0u;                   // of twice the bits, without the sign; 0 wraps around
    for (const float value : four.at) least = min(least, __float_as_uint(value) * 2 - 1);
    return least >= kLeast * 2 - 1;
  }

#if JOULE_ARCH_HAS_MMA
  struct Fragment {
    cuda::Fragment high, low;
  };

  template <class Operand>
  __device__ static Fragment load(const Operand& operand, int line, int term) {
    const cuda::Fragment all = Tf32::load(operand, line, term);
    constexpr std::uint32_t kHalf = 0x1000, kKept = ~0x1FFFu;
    Fragment parts;
    for (int i = 0; i < 4; ++i) {
      // As ptx::round_to_tf32(), but for NaN, whose low part stays NaN.
      const std::uint32_t high = (all.words[i] + kHalf) & kKept;
      const float low = __uint_as_float(all.words[i]) - __uint_as_float(high);
      parts.high.words[i] = high;
      parts.low.words[i] = __float_as_uint(low) & kKept;
    }
    return parts;
  }
  __device__ static void multiply(float (&sums)[4], const Fragment& a, const Fragment& b,
                                  int half) {
    float part[4] = {};
    Tf32::multiply(part, a.low, b.high, half);
    Tf32::multiply(part, a.high, b.low, half);
    Tf32::multiply(part, a.high, b.high, half);
    for (int i = 0; i < 4; ++i) sums[i] += part[i];
  }
#endif
};

}  // namespace joule::cuda
