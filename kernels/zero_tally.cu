// SPDX-License-Identifier: MIT
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/zero_tally_cuda.h"

namespace joule::cuda {
namespace {

/// Of `values` elements, `nonzeros` are not zero.
__device__ void add_to(DeviceTally* tally, std::int64_t values, std::uint64_t nonzeros,
                       std::int64_t macs_per_value) {
  const auto zeros = static_cast<unsigned long long>(values) - nonzeros;
  atomicAdd(&tally->values_in, static_cast<unsigned long long>(values));
  atomicAdd(&tally->values_in_nonzero, static_cast<unsigned long long>(nonzeros));
  atomicAdd(&tally->macs_skippable, zeros * static_cast<unsigned long long>(macs_per_value));
}

/// One thread.
__global__ void tally_counted(DeviceTally* tally, std::int64_t values,
                              const std::uint64_t* nonzeros, std::int64_t macs_per_value) {
  add_to(tally, values, *nonzeros, macs_per_value);
}

/// One thread per element; a block adds up what its threads have seen.  4 bytes per element.
__global__ void tally_values(DeviceTally* tally, std::int64_t values, const float* x,
                             std::int64_t macs_per_value) {
  std::int64_t seen = 0, nonzeros = 0;
  for (std::int64_t i = thread_index(); i < values; i += thread_count()) {
    ++seen;
    nonzeros += x[i] != 0;
  }
  seen = block_sum(seen);
  nonzeros = block_sum(nonzeros);
  if (threadIdx.x == 0) {
    add_to(tally, seen, static_cast<std::uint64_t>(nonzeros), macs_per_value);
  }
}

}  // namespace

void tally_zeros(Tally* tally, const Tensor& sparse, std::int64_t macs_per_value) {
  DeviceTally* const counts = device_tally(tally);
  if (!counts) return;
  const std::int64_t values = sparse.numel();
  if (const auto mask = sparse.zero_mask()) {
    const Grid one{.blocks = dim3(1), .threads = dim3(1)};
    launch(tally_counted, one, counts, values, mask->device_count(), macs_per_value);
  } else {
    Grid grid = grid_over(values);
    grid.blocks.x = std::min(grid.blocks.x, 1024u);  // so many blocks add to the same words
    launch(tally_values, grid, counts, values, sparse.data<float>(), macs_per_value);
  }
}

}  // namespace joule::cuda
