// SPDX-License-Identifier: MIT
#pragma once

#include <simt/vector_types.h>

#include <cstddef>

namespace simt {

/// Who runs: the executor writes it whenever it goes on to another thread.
struct Index {
  uint3 thread;
  uint3 block;
  dim3 block_dim;
  dim3 grid_dim;
};
extern Index index;

/// The launch's dynamic shared memory, 128-byte aligned: exactly the launch's bytes may be touched,
/// and they hold 0xFF (NaN as float, -1 as int) when a block starts.
void* dynamic_shared();

/// A counter that grows with each call: what clock64() shows.
long long next_tick();

}  // namespace simt

inline constexpr const uint3& threadIdx = simt::index.thread;
inline constexpr const uint3& blockIdx = simt::index.block;
inline constexpr const dim3& blockDim = simt::index.block_dim;
inline constexpr const dim3& gridDim = simt::index.grid_dim;
inline constexpr int warpSize = 32;

inline long long clock64() { return simt::next_tick(); }
