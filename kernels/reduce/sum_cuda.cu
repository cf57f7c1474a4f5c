// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/cuda/block.h"
#include "joule/kernels/elementwise_cuda.h"
#include "joule/kernels/reduce/sum_impl.h"

namespace joule::cuda {
namespace {

constexpr unsigned kThreads = 256, kWarps = kThreads / kWarp;

/// Sums over pieces of the rows of x [outer, rows, inner]; sums [outer * pieces, inner].
template <class In, class Out>
struct Pieces {
  const In* x;
  std::int64_t outer, rows, inner;
  std::int64_t pieces, piece_rows;
  double factor;
  Out* sums;

  __device__ std::int64_t count() const { return outer * pieces; }
  __device__ std::int64_t begin(std::int64_t p) const {
    return p / pieces * rows + min(p % pieces * piece_rows, rows);
  }
  __device__ std::int64_t end(std::int64_t p) const {
    return p / pieces * rows + min((p % pieces + 1) * piece_rows, rows);
  }
};

/// inner == 1: a warp per piece, whose lanes take every 32nd element.
template <class In, class Out>
__global__ void sum_contiguous(Pieces<In, Out> of) {
  const std::int64_t warps = thread_count() / kWarp;
  for (std::int64_t p = thread_index() / kWarp; p < of.count(); p += warps) {
    double sum = 0;
    for (std::int64_t r = of.begin(p) + threadIdx.x % kWarp; r < of.end(p); r += kWarp) {
      sum += of.x[r];
    }
    sum = warp_sum(sum);
    if (threadIdx.x % kWarp == 0) of.sums[p] = static_cast<Out>(of.factor * sum);
  }
}

/// A block per 32 columns and piece: a lane per column, a warp per eighth row, and at the end the
/// first warp adds what the others have in shared memory (2048 bytes).
template <class In, class Out>
__global__ void sum_columns(Pieces<In, Out> of) {
  __shared__ double of_warp[kWarps][kWarp];
  const unsigned warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  const std::int64_t column = std::int64_t{blockIdx.x} * kWarp + lane;
  for (std::int64_t p = blockIdx.y; p < of.count(); p += gridDim.y) {
    double sum = 0;
    if (column < of.inner) {
      for (std::int64_t r = of.begin(p) + warp; r < of.end(p); r += kWarps) {
        sum += of.x[r * of.inner + column];
      }
    }
    of_warp[warp][lane] = sum;
    __syncthreads();
    if (warp == 0 && column < of.inner) {
      for (unsigned w = 1; w < kWarps; ++w) sum += of_warp[w][lane];
      of.sums[p * of.inner + column] = static_cast<Out>(of.factor * sum);
    }
    __syncthreads();
  }
}

template <class In, class Out>
void launch_pieces(const Pieces<In, Out>& of) {
  const std::int64_t count = of.outer * of.pieces;
  if (of.inner == 1) {
    return launch(sum_contiguous<In, Out>, grid_over(count * kWarp, kThreads), of);
  }
  const Grid grid{.blocks = dim3(static_cast<unsigned>((of.inner + kWarp - 1) / kWarp),
                                 static_cast<unsigned>(std::min<std::int64_t>(count, 1 << 15))),
                  .threads = dim3(kThreads)};
  launch(sum_columns<In, Out>, grid, of);
}

/// 4 bytes per element.
struct Repeated {
  const float* grad_y;
  std::int64_t summed, inner;
  float factor;
  float* grad_x;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    Floats<kCount> g;
    for (int k = 0; k < kCount; ++k) {
      const std::int64_t row = (i + k) / inner;
      g.at[k] = factor * grad_y[row / summed * inner + (i + k) % inner];
    }
    g.store(grad_x + i);
  }
};

}  // namespace

void sum(const ops::Sum& op, Context&, Tally*) {
  const auto [outer, rows, inner] = sum_extents(op.x.shape(), op.first, op.last);
  // 2048 pieces of at least 128 rows keep 132 multiprocessors busy.
  constexpr std::int64_t kLeastRows = 128, kPieces = 2048;
  const std::int64_t blocks = std::max<std::int64_t>(1, outer * ((inner + kWarp - 1) / kWarp));
  const std::int64_t pieces =
      std::clamp<std::int64_t>(rows / kLeastRows, 1, std::max<std::int64_t>(1, kPieces / blocks));
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  if (pieces == 1) {
    return launch_pieces<float, float>({x, outer, rows, inner, 1, rows, op.factor, y});
  }
  const Tensor partial({outer * pieces, inner}, DType::f64, Device::cuda);
  double* const between = partial.mutable_data<double>();
  launch_pieces<float, double>(
      {x, outer, rows, inner, pieces, (rows + pieces - 1) / pieces, 1, between});
  launch_pieces<double, float>({between, outer, pieces, inner, 1, pieces, op.factor, y});
}

void sum_grad(const ops::SumGrad& op, Context&, Tally*) {
  const SumExtents extents = sum_extents(op.grad_x.shape(), op.first, op.last);
  const Repeated repeated{op.grad_y.data<float>(), extents.summed, extents.inner,
                          static_cast<float>(op.factor), op.grad_x.mutable_data<float>()};
  launch_elementwise(op.grad_x.numel(), aligned_for_four({repeated.grad_x}), repeated);
}

}  // namespace joule::cuda
