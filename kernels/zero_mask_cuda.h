// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/core/cuda/block.h"
#include "joule/core/tensor.h"
#include "joule/kernels/floats_cuda.h"

// The words of zero masks (core/zero_mask.h) for values that a kernel has just computed.
// Elementwise kernels use write_masked() in kernels/product/masked_rows_cuda.h.
namespace joule::cuda {

/// An unwritten mask for t [..., channels]; the caller writes and attaches it.
inline std::shared_ptr<ZeroMask> unwritten_mask(const Tensor& t) {
  const std::int64_t channels = t.shape().rank() ? t.dim(-1) : 1;
  return std::make_shared<ZeroMask>(channels ? t.numel() / channels : 0, channels, Device::cuda);
}

/// Adds the counts of a block's threads to ZeroMask::device_count(); all threads must call it.
__device__ inline void add_count(unsigned mine, std::uint64_t* count) {
  const unsigned total = block_sum(mine);
  if (threadIdx.x == 0 && total != 0) {
    atomicAdd(reinterpret_cast<unsigned long long*>(count), total);
  }
}

/// One bit for each of 32 consecutive elements, of which the warp holds 32 * kCount, in the lanes
/// whose number is a multiple of 32 / kCount.  All lanes must call it.
template <int kCount>
__device__ unsigned nonzero_bits(const Floats<kCount>& value) {
  if constexpr (kCount == 1) {
    return __ballot_sync(kWholeWarp, value.at[0] != 0);
  } else {
    constexpr unsigned kLanes = kWarp / kCount;
    unsigned bits = 0;
    for (int k = 0; k < kCount; ++k) bits |= unsigned{value.at[k] != 0} << k;
    bits <<= threadIdx.x % kLanes * kCount;
    for (unsigned offset = 1; offset < kLanes; offset *= 2) {
      bits |= __shfl_xor_sync(kWholeWarp, bits, offset);
    }
    return bits;
  }
}

/// Bits [at, at + 64) of `bits`; reads up to the second word after the one that contains `at`.
__device__ inline std::uint64_t bits_at(const unsigned* bits, unsigned at) {
  const unsigned* const from = bits + at / 32;
  const unsigned shift = at % 32;
  const std::uint64_t low = std::uint64_t{from[1]} << 32 | from[0];
  return shift ? low >> shift | std::uint64_t{from[2]} << (64 - shift) : low;
}

}  // namespace joule::cuda
