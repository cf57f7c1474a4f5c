// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

// What the threads of a block compute together.
namespace joule::cuda {

inline constexpr unsigned kWarp = 32;
inline constexpr unsigned kWholeWarp = 0xffffffffu;

/// The index of this thread and the number of threads in a one-dimensional grid:
///   for (std::int64_t i = thread_index(); i < n; i += thread_count()) ...
__device__ inline std::int64_t thread_index() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline std::int64_t thread_count() {
  return static_cast<std::int64_t>(gridDim.x) * blockDim.x;
}

/// The dynamic shared memory of this block, Grid::shared_bytes large.
template <class T>
__device__ T* dynamic_shared() {
#ifdef JOULE_SIMT
  return static_cast<T*>(simt::dynamic_shared());
#else
  extern __shared__ __align__(128) unsigned char bytes[];
  return reinterpret_cast<T*>(bytes);
#endif
}

/// The sum over the warp, returned in every lane.  All lanes must call it.  The order is fixed, so
/// the bits are always the same.
template <class T>
__device__ T warp_sum(T value) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) {
    value += __shfl_xor_sync(kWholeWarp, value, offset);
  }
  return value;
}

template <class T>
__device__ T warp_max(T value) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) {
    const T other = __shfl_xor_sync(kWholeWarp, value, offset);
    value = other > value ? other : value;
  }
  return value;
}

/// The sum over a one-dimensional block of whole warps, returned in thread 0.  All threads must
/// call it.  The order is fixed.  Ends with a barrier, so it can be called again.
template <class T>
__device__ T block_sum(T value) {
  __shared__ T sums[kWarp];
  const unsigned warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  value = warp_sum(value);
  if (lane == 0) sums[warp] = value;
  __syncthreads();
  if (warp == 0) value = warp_sum(lane < blockDim.x / kWarp ? sums[lane] : T{});
  __syncthreads();
  return value;
}

}  // namespace joule::cuda
