// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cuda/nonzero_runs.h"

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {
namespace {

/// Where `count` elements of a row go, of which the first is number `at`: behind `before` others.
template <int kCount>
__device__ void list(const NonzeroRuns& runs, const Floats<kCount>& values, unsigned at,
                     unsigned before, Nonzero* nonzeros, unsigned* starts) {
  const unsigned column = at / static_cast<unsigned>(runs.channels);
  const unsigned channel = at - column * static_cast<unsigned>(runs.channels);
  const unsigned part = channel / static_cast<unsigned>(runs.part_channels);
  if (channel == part * static_cast<unsigned>(runs.part_channels)) {
    starts[column * static_cast<unsigned>(runs.parts) + part] = before;
  }
  for (unsigned k = 0; k < kCount; ++k) {
    if (values.at[k] != 0) nonzeros[before++] = {values.at[k], at + k};
  }
}

/// One warp per row of pixels, 32 * kCount elements at a time; where a lane writes it knows from
/// the ballots on the elements of the lanes before.  Four times as many are loaded ahead, as few
/// warps have to keep the memory busy.  4 bytes per element, and 8 per non-zero.
template <int kCount>
__global__ void list_nonzeros(const float* images, std::int64_t rows, const NonzeroRuns runs) {
  constexpr unsigned kStep = kWarp * kCount, kAhead = 4;
  const unsigned lane = threadIdx.x % kWarp, lanes_before = (1u << lane) - 1;
  const auto row_values = static_cast<unsigned>(runs.row_values());
  for (std::int64_t row = thread_index() / kWarp; row < rows; row += thread_count() / kWarp) {
    const float* const from = images + row * runs.row_values();
    Nonzero* const nonzeros = runs.nonzeros + row * runs.row_values();
    unsigned* const starts = runs.starts + row * runs.row_starts();
    unsigned listed = 0;
    for (unsigned first = 0; first < row_values; first += kAhead * kStep) {
      Floats<kCount> values[kAhead];
#pragma unroll
      for (unsigned i = 0; i < kAhead; ++i) {
        const unsigned at = first + i * kStep + lane * kCount;
        values[i] = at < row_values ? Floats<kCount>::load(from + at) : Floats<kCount>{};
      }
#pragma unroll
      for (unsigned i = 0; i < kAhead; ++i) {
        unsigned before = listed;
        for (int k = 0; k < kCount; ++k) {
          const unsigned live = __ballot_sync(kWholeWarp, values[i].at[k] != 0);
          before += static_cast<unsigned>(__popc(live & lanes_before));
          listed += static_cast<unsigned>(__popc(live));
        }
        const unsigned at = first + i * kStep + lane * kCount;
        if (at < row_values) list(runs, values[i], at, before, nonzeros, starts);
      }
    }
    if (lane == 0) starts[runs.row_starts() - 1] = listed;
  }
}

std::size_t bytes_of(const NonzeroRuns& runs, std::int64_t rows) {
  return static_cast<std::size_t>(rows * runs.row_values()) * sizeof(Nonzero) +
         static_cast<std::size_t>(rows * runs.row_starts()) * sizeof(unsigned);
}

}  // namespace

ListedNonzeros::ListedNonzeros(const Tensor& images, int part_channels)
    : runs_{.columns = static_cast<int>(images.dim(2)),
            .channels = static_cast<int>(images.dim(3)),
            .parts = (static_cast<int>(images.dim(3)) + part_channels - 1) / part_channels,
            .part_channels = part_channels},
      storage_(bytes_of(runs_, images.dim(0) * images.dim(1)), Device::cuda) {
  const std::int64_t rows = images.dim(0) * images.dim(1);
  runs_.nonzeros = reinterpret_cast<Nonzero*>(storage_.data());
  runs_.starts = reinterpret_cast<unsigned*>(runs_.nonzeros + images.numel());
  const float* const values = images.data<float>();
  const bool by_four = runs_.channels % 4 == 0 && aligned_for_four({values});
  launch(by_four ? list_nonzeros<4> : list_nonzeros<1>, grid_over(rows * kWarp), values, rows,
         runs_);
}

}  // namespace joule::cuda
