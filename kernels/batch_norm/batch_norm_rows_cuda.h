// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/floats_cuda.h"

// How the CUDA kernels of batch normalisation traverse [rows, channels]; private to this folder.
namespace joule::cuda {

/// A thread handles four channels and every n-th row of a piece of the rows.  Neither depends on
/// the device or on where the tensors lie, so no sum does.
struct ChannelRows {
  static constexpr unsigned kThreads = 256;
  static constexpr std::int64_t kBlocks = 1024;  // 128 multiprocessors run that many at once
  static constexpr std::int64_t kLeastRows = 4;  // per thread; a piece with fewer is not worth it

  std::int64_t rows, channels;
  unsigned width = 1;  // threads side by side, a power of two; below each other kThreads / width
  std::int64_t pieces = 0, piece_rows = 0;

  ChannelRows(std::int64_t rows, std::int64_t channels) : rows(rows), channels(channels) {
    const std::int64_t groups = (channels + 3) / 4;
    while (width < groups && width < kWarp) width *= 2;
    if (rows == 0 || channels == 0) return;
    const std::int64_t least = kLeastRows * (kThreads / width);
    const std::int64_t most = std::max<std::int64_t>(1, kBlocks / column_blocks());
    const std::int64_t wanted = std::clamp<std::int64_t>((rows + least - 1) / least, 1, most);
    piece_rows = (rows + wanted - 1) / wanted;
    pieces = (rows + piece_rows - 1) / piece_rows;
  }

  std::int64_t column_blocks() const { return ((channels + 3) / 4 + width - 1) / width; }

  /// A block per piece (blockIdx.y) and `width` groups of channels.
  Grid grid() const {
    return {.blocks = dim3(static_cast<unsigned>(column_blocks()), static_cast<unsigned>(pieces)),
            .threads = dim3(kThreads)};
  }

  __device__ std::int64_t channel() const {
    return (std::int64_t{blockIdx.x} * width + threadIdx.x % width) * 4;
  }
  __device__ std::int64_t first_row() const {
    return blockIdx.y * piece_rows + threadIdx.x / width;
  }
  __device__ std::int64_t end_row() const { return min((blockIdx.y + 1) * piece_rows, rows); }
  __device__ unsigned row_step() const { return kThreads / width; }
};

/// Four channels at `from`, of which `left` (at least one) exist; the others are 0.  kFour: all
/// four exist, and the address is aligned.
template <bool kFour>
__device__ Floats<4> load_channels(const float* from, std::int64_t left) {
  if constexpr (kFour) {
    return Floats<4>::load(from);
  } else {
    Floats<4> four;
    for (int k = 0; k < 4; ++k) four.at[k] = k < left ? from[k] : 0;
    return four;
  }
}

template <bool kFour>
__device__ void store_channels(const Floats<4>& four, float* to, std::int64_t left) {
  if constexpr (kFour) {
    four.store(to);
  } else {
    for (int k = 0; k < 4 && k < left; ++k) to[k] = four.at[k];
  }
}

/// Two sums for each of four channels.
struct ChannelSums {
  double at[2][4];
};

/// sums[piece][0 or 1][channel] = the sums over the rows of the piece, to which
/// terms.add(row, channel, left, sums) adds one row's terms.  All threads of a block must call it.
/// Shared memory: 16 KiB.
template <class Terms>
__device__ void sum_piece(const ChannelRows& rows, Terms& terms, double* sums) {
  __shared__ ChannelSums of_thread[ChannelRows::kThreads];
  ChannelSums mine{};
  const std::int64_t channel = rows.channel(), left = rows.channels - channel;
  if (left > 0) {
    for (std::int64_t row = rows.first_row(); row < rows.end_row(); row += rows.row_step()) {
      terms.add(row, channel, left, mine);
    }
  }
  of_thread[threadIdx.x] = mine;
  for (unsigned half = ChannelRows::kThreads / 2; half >= rows.width; half /= 2) {
    __syncthreads();
    if (threadIdx.x >= half) continue;
    for (int s = 0; s < 2; ++s) {
      for (int k = 0; k < 4; ++k) {
        of_thread[threadIdx.x].at[s][k] += of_thread[threadIdx.x + half].at[s][k];
      }
    }
  }
  if (threadIdx.x >= rows.width) return;
  double* const to = sums + blockIdx.y * 2 * rows.channels + channel;
  for (int s = 0; s < 2; ++s) {
    for (int k = 0; k < 4 && k < left; ++k) {
      to[s * rows.channels + k] = of_thread[threadIdx.x].at[s][k];
    }
  }
}

/// The two sums of one channel over all pieces, in every lane; all lanes of the warp must call it.
__device__ inline void add_sums(const double* sums, const ChannelRows& rows, std::int64_t channel,
                                double (&total)[2]) {
  for (int s = 0; s < 2; ++s) {
    double mine = 0;
    for (std::int64_t piece = threadIdx.x % kWarp; piece < rows.pieces; piece += kWarp) {
      mine += sums[(piece * 2 + s) * rows.channels + channel];
    }
    total[s] = warp_sum(mine);
  }
}

}  // namespace joule::cuda
