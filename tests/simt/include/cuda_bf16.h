// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

// The part of CUDA's bf16 that Joule's kernels use, for the executor on the CPU.

/// The upper half of a float.
struct __nv_bfloat16 {
  std::uint16_t bits;
};

/// To the nearest, of two as near to the even one; NaN becomes CUDA's one NaN.
inline __nv_bfloat16 __float2bfloat16(float a) {
  if (std::isnan(a)) return {0x7FFF};
  const auto bits = std::bit_cast<std::uint32_t>(a);
  return {static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)};
}
inline float __bfloat162float(__nv_bfloat16 a) {
  return std::bit_cast<float>(std::uint32_t{a.bits} << 16);
}
