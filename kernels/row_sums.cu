// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/row_sums_cuda.h"

namespace joule::cuda {
namespace {

constexpr int kWarps = 8;  // of a block

/// A block per 32 columns and piece of rows: a lane per column, a warp per eighth row, and at the
/// end the first warp adds what the others have in shared memory (1024 bytes).  4 bytes per
/// element.
__global__ void sum_pieces(const float* x, std::int64_t rows, std::int64_t columns,
                           std::int64_t piece_rows, float* sums) {
  __shared__ float of_warp[kWarps][kWarp];
  const unsigned warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const std::int64_t column = std::int64_t{blockIdx.x} * kWarp + lane;
  const std::int64_t begin = blockIdx.y * piece_rows, end = min(begin + piece_rows, rows);
  float sum = 0;
  if (column < columns) {
    for (std::int64_t row = begin + warp; row < end; row += kWarps)
      sum += x[row * columns + column];
  }
  of_warp[warp][lane] = sum;
  __syncthreads();
  if (warp != 0 || column >= columns) return;
  for (int w = 1; w < kWarps; ++w) sum += of_warp[w][lane];
  sums[blockIdx.y * columns + column] = sum;
}

void launch_pieces(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t pieces,
                   float* sums) {
  const Grid grid{.blocks = dim3(static_cast<unsigned>((columns + kWarp - 1) / kWarp),
                                 static_cast<unsigned>(pieces)),
                  .threads = dim3(kWarps * kWarp)};
  launch(sum_pieces, grid, x, rows, columns, (rows + pieces - 1) / pieces, sums);
}

}  // namespace

void sum_over_rows(const Tensor& x, const Tensor& sums) {
  // A block reads at least 128 rows of 128 bytes; 64 pieces times two and more blocks of columns
  // keep 132 multiprocessors busy.
  constexpr std::int64_t kLeastRows = 128, kPieces = 64;
  const std::int64_t columns = sums.numel(), rows = columns ? x.numel() / columns : 0;
  const std::int64_t pieces = std::clamp<std::int64_t>(rows / kLeastRows, 1, kPieces);
  float* const to = sums.mutable_data<float>();
  if (pieces == 1) return launch_pieces(x.data<float>(), rows, columns, 1, to);
  const Tensor partial({pieces, columns}, DType::f32, Device::cuda);
  float* const between = partial.mutable_data<float>();
  launch_pieces(x.data<float>(), rows, columns, pieces, between);
  launch_pieces(between, pieces, columns, 1, to);
}

}  // namespace joule::cuda
