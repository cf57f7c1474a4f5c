// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_bf16.h>
#include <mma.h>

// Architectures before Ampere cannot do this: compiled for them, MmaTile does nothing, and
// unsupported_by_mma() keeps its kernels from being launched.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define JOULE_ARCH_HAS_MMA 1
#else
#define JOULE_ARCH_HAS_MMA 0
#endif

namespace joule::cuda {

/// The operand types of tensor cores: kDepth terms at once, of operands stored in shared memory as
/// Element.
struct Tf32 {
  using Element = float;
  static constexpr int kDepth = 8;
#if JOULE_ARCH_HAS_MMA
  using Operand = nvcuda::wmma::precision::tf32;
  __device__ static Element round(float value) { return nvcuda::wmma::__float_to_tf32(value); }
#else
  __device__ static Element round(float value) { return value; }
#endif
};
struct Bf16 {
  using Element = __nv_bfloat16;
  using Operand = __nv_bfloat16;
  static constexpr int kDepth = 16;
  __device__ static Element round(float value) { return __float2bfloat16(value); }
};

}  // namespace joule::cuda
