// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>

#ifdef JOULE_SIMT
#include <simt/matrix.h>
#endif

// Architectures before Ampere cannot do this: compiled for them, MmaTile does nothing, and
// unsupported_by_mma() keeps its kernels from being launched.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define JOULE_ARCH_HAS_MMA 1
#else
#define JOULE_ARCH_HAS_MMA 0
#endif

// The instructions of a warp's tensor core; all lanes must call each function together.  Which
// elements a lane holds is a part of PTX ("Warp-level matrix instructions"), with g = lane / 4 and
// t = lane % 4, and with words of 32 bits, of one element of TF32 or of two of bf16:
//   a, 16 rows of 8 words   { (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4) }
//   b, 8 columns of 8 words { (t, g), (t + 4, g) }
//   sums, 16 x 8            { (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1) }
namespace joule::cuda::ptx {

#ifdef JOULE_SIMT

using ::simt::load_matrices;
using ::simt::load_transposed;
using ::simt::multiply_bf16;
using ::simt::multiply_tf32;
using ::simt::round_to_tf32;

#elif JOULE_ARCH_HAS_MMA

/// The bits of the value with 10 bits of mantissa, to the nearest, of two as near to the one of
/// greater magnitude.  Four instructions for sm_90.
__device__ inline std::uint32_t round_to_tf32(float value) {
  std::uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
}

/// sums += a b, of 16 x 8 sums and 8 terms.  Operands must have been rounded to TF32.
__device__ inline void multiply_tf32(float (&sums)[4], const std::uint32_t (&a)[4],
                                     const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// The same with 16 terms.  A word's lower half holds the earlier term.
__device__ inline void multiply_bf16(float (&sums)[4], const std::uint32_t (&a)[4],
                                     const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Loads four matrices of 8 rows of 16 bytes from shared memory.  Lane l gives the address of row
/// l % 8 of matrix l / 8, a multiple of 16; to[i] becomes word (g, t) of matrix i.
__device__ inline void load_matrices(std::uint32_t (&to)[4], const void* row) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address));
}

/// The same of matrices of 8 x 8 elements of 16 bits each, which are transposed: to[i] becomes the
/// elements (2t, g) and (2t + 1, g) of matrix i.
__device__ inline void load_transposed(std::uint32_t (&to)[4], const void* row) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address));
}

#endif

}  // namespace joule::cuda::ptx
