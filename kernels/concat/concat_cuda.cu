// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>

#include "joule/core/cuda/launch.h"
#include "joule/kernels/concat/concat_impl.h"
#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {
namespace {

/// [rows, channels] values, of which each side has its own number from a row to the next.
struct Copy {
  std::int64_t rows;
  std::int64_t channels;
  const float* from;
  std::int64_t from_row;
  float* to;
  std::int64_t to_row;
};

constexpr unsigned kThreads = 256;

/// A row of threads for each row, a column of them for each channel, or for four.  8 bytes per
/// element.
template <int kCount>
__global__ void copy_channels(Copy copy) {
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.y;
  for (std::int64_t row = first; row < copy.rows; row += step) {
    const float* const from = copy.from + row * copy.from_row;
    float* const to = copy.to + row * copy.to_row;
    for (std::int64_t c = threadIdx.x * kCount; c < copy.channels; c += blockDim.x * kCount) {
      Floats<kCount>::load(from + c).store(to + c);
    }
  }
}

void launch_copy(const Copy& copy) {
  if (copy.channels == 0) return;
  const bool four = copy.channels % 4 == 0 && copy.from_row % 4 == 0 && copy.to_row % 4 == 0 &&
                    aligned_for_four({copy.from, copy.to});
  const std::int64_t columns = std::min<std::int64_t>(copy.channels / (four ? 4 : 1), kThreads);
  const unsigned x = std::bit_ceil(static_cast<unsigned>(columns));
  const unsigned y = kThreads / x;
  constexpr std::int64_t kBlocks = 4096;  // four times what 128 multiprocessors hold at once
  const std::int64_t blocks = std::min((copy.rows + y - 1) / y, kBlocks);
  const Grid grid{.blocks = dim3(static_cast<unsigned>(blocks)), .threads = dim3(x, y)};
  launch(four ? copy_channels<4> : copy_channels<1>, grid, copy);
}

}  // namespace

void concat(const ops::Concat& op, Context&, Tally*) {
  float* y = op.y.mutable_data<float>();
  for (const Tensor& x : op.xs) {
    const std::int64_t channels = x.dim(-1);
    launch_copy({rows_of(op.y), channels, x.data<float>(), channels, y, op.y.dim(-1)});
    y += channels;
  }
}

void concat_grad(const ops::ConcatGrad& op, Context&, Tally*) {
  const float* grad_y = op.grad_y.data<float>();
  for (const Tensor& grad_x : op.grad_xs) {
    const std::int64_t channels = grad_x.dim(-1);
    launch_copy({rows_of(op.grad_y), channels, grad_y, op.grad_y.dim(-1),
                 grad_x.mutable_data<float>(), channels});
    grad_y += channels;
  }
}

}  // namespace joule::cuda
