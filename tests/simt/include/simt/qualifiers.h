// SPDX-License-Identifier: MIT
#pragma once

// What CUDA adds to declarations.  `__shared__` variables are static, so that AddressSanitizer puts
// red zones around them: one block runs at a time.
#define __global__
#define __device__
#define __host__
#define __constant__
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(bytes) alignas(bytes)
