// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <source_location>
#include <utility>

#include "joule/core/cuda/check.h"
#include "joule/core/cuda/runtime.h"

namespace joule::cuda {

/// The number of blocks, the threads of each, and the dynamic shared memory of each in bytes.
struct Grid {
  dim3 blocks;
  dim3 threads;
  std::size_t shared_bytes = 0;
  std::source_location at = std::source_location::current();
};

/// One thread per item, in blocks of `threads`.  A grid has at most 2^23 blocks: with more
/// items than threads, a kernel must loop with stride gridDim.x * blockDim.x.
inline Grid grid_over(std::int64_t items, unsigned threads = 256,
                      std::source_location at = std::source_location::current()) {
  const std::int64_t blocks = (items + threads - 1) / threads;
  return {.blocks = dim3(static_cast<unsigned>(std::min<std::int64_t>(blocks, 1 << 23))),
          .threads = dim3(threads),
          .at = at};
}

/// The dynamic shared memory that a kernel may use without opting in.
inline constexpr std::size_t kSharedByDefault = 48 * 1024;

/// Lets the kernel use the dynamic shared memory of the grid.
///
/// Errors    DeviceError if the device has less.
template <class... Parameters>
void allow_shared(void (*kernel)(Parameters...), const Grid& grid) {
  if (grid.shared_bytes <= kSharedByDefault) return;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(grid.shared_bytes)),
        "cudaFuncSetAttribute", grid.at);
}

/// How many blocks of the grid's threads and shared memory the device holds at once.  Its number of
/// blocks does not matter.
///
/// Errors    DeviceError if the device cannot hold one.
template <class... Parameters>
std::int64_t resident_blocks(void (*kernel)(Parameters...), const Grid& grid) {
  allow_shared(kernel, grid);
  int of_multiprocessor = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(
            &of_multiprocessor, reinterpret_cast<const void*>(kernel),
            static_cast<int>(grid.threads.x * grid.threads.y * grid.threads.z), grid.shared_bytes),
        "cudaOccupancyMaxActiveBlocksPerMultiprocessor", grid.at);
  if (of_multiprocessor == 0) {
    throw DeviceError(str("a multiprocessor cannot hold a block of ", grid.threads.x,
                          " threads and ", grid.shared_bytes, " bytes of shared memory at ",
                          grid.at.file_name(), ":", grid.at.line()));
  }
  return std::int64_t{of_multiprocessor} * multiprocessors();
}

/// Queues `kernel` on the stream of this thread.  Launches nothing if the grid has no blocks.
///
/// Errors    DeviceError if it cannot be launched.  Errors while it runs are reported by a later
///           call.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), const Grid& grid, Arguments&&... arguments) {
  if (grid.blocks.x == 0 || grid.blocks.y == 0 || grid.blocks.z == 0) return;
  allow_shared(kernel, grid);
  cudaLaunchConfig_t config{};
  config.gridDim = grid.blocks;
  config.blockDim = grid.threads;
  config.dynamicSmemBytes = grid.shared_bytes;
  config.stream = stream();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...),
        "cudaLaunchKernelEx", grid.at);
}

}  // namespace joule::cuda
