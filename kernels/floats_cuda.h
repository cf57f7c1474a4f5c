// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <initializer_list>

// Loads and stores several floats with one instruction.
namespace joule::cuda {

/// One float, or four that a thread moves at once; the address of four must be a multiple of 16.
template <int kCount>
struct alignas(kCount * sizeof(float)) Floats {
  float at[kCount];

  __device__ static Floats load(const float* from) {
    return *reinterpret_cast<const Floats*>(from);
  }
  __device__ void store(float* to) const { *reinterpret_cast<Floats*>(to) = *this; }
};

/// Whether each of `pointers` (null included) is aligned for Floats<4>.
inline bool aligned_for_four(std::initializer_list<const void*> pointers) {
  std::uintptr_t bits = 0;
  for (const void* const pointer : pointers) bits |= reinterpret_cast<std::uintptr_t>(pointer);
  return bits % alignof(Floats<4>) == 0;
}

}  // namespace joule::cuda
