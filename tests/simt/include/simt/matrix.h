// SPDX-License-Identifier: MIT
#pragma once

#include <simt/warp.h>

#include <bit>
#include <cmath>
#include <cstdint>

// The instructions of a warp's tensor core that Joule's kernels use, as PTX documents them: who
// holds which element of an operand is a part of what they do.  With g = lane / 4 and t = lane % 4,
// and words of 32 bits, of one element of TF32 or of two of bf16, the earlier one below:
//   a, 16 rows of 8 words   { (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4) }
//   b, 8 columns of 8 words { (t, g), (t + 4, g) }
//   sums, 16 x 8            { (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1) }
// All 32 lanes must come to each of them, but for the rounding.
namespace simt {

/// cvt.rna.tf32.f32: to 10 bits of mantissa, to the nearest, of two as near to the greater
/// magnitude; NaN becomes CUDA's one NaN.
inline std::uint32_t round_to_tf32(float a) {
  return std::isnan(a) ? 0x7FFFFFFFu : (std::bit_cast<std::uint32_t>(a) + 0x1000u) & ~0x1FFFu;
}

/// mma.sync.m16n8k8 of TF32: sums += a b.  The launch fails if an operand has more bits than that.
void multiply_tf32(float (&sums)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                   Where where = Where::current());

/// mma.sync.m16n8k16 of bf16.
void multiply_bf16(float (&sums)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                   Where where = Where::current());

/// ldmatrix.x4: four matrices of 8 rows of 16 bytes.  Lane l gives the address of row l % 8 of
/// matrix l / 8; to[i] becomes word (g, t) of matrix i.  The launch fails if an address is no
/// multiple of 16.
void load_matrices(std::uint32_t (&to)[4], const void* row, Where where = Where::current());

/// ldmatrix.x4.trans: of matrices of 8 x 8 elements of 16 bits; to[i] becomes the elements (2t, g)
/// and (2t + 1, g) of matrix i, the first below.
void load_transposed(std::uint32_t (&to)[4], const void* row, Where where = Where::current());

}  // namespace simt
