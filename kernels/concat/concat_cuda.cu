// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>

#include "core/cuda/launch_cuda.h"
#include "kernels/concat/concat_impl.h"
#include "kernels/floats_cuda.h"

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

/// A column of threads per channel (or four), a row of them per row.  8 bytes per element.
template <int kCount>
__global__ void copy_channels(Copy copy) {
  const std::int64_t first_row = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  const std::int64_t rows = static_cast<std::int64_t>(gridDim.x) * blockDim.y;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.y) * blockDim.x * kCount;
  for (std::int64_t row = first_row; row < copy.rows; row += rows) {
    const float* const from = copy.from + row * copy.from_row;
    float* const to = copy.to + row * copy.to_row;
    for (std::int64_t c = first * kCount; c < copy.channels; c += step) {
      Floats<kCount>::load(from + c).store(to + c);
    }
  }
}

void launch_copy(const Copy& copy) {
  if (copy.channels == 0) return;
  const bool four = copy.channels % 4 == 0 && copy.from_row % 4 == 0 && copy.to_row % 4 == 0 &&
                    aligned_for_four({copy.from, copy.to});
  const std::int64_t columns = four ? copy.channels / 4 : copy.channels;
  constexpr unsigned kThreads = 256;
  const unsigned x =
      std::bit_ceil(static_cast<unsigned>(std::min<std::int64_t>(columns, kThreads)));
  const unsigned y = kThreads / x;
  const auto blocks = [](std::int64_t items, unsigned per_block, std::int64_t most) {
    return static_cast<unsigned>(std::min((items + per_block - 1) / per_block, most));
  };
  const Grid grid{.blocks = dim3(blocks(copy.rows, y, 1 << 23), blocks(columns, x, 1 << 15)),
                  .threads = dim3(x, y)};
  launch(four ? copy_channels<4> : copy_channels<1>, grid, copy);
}

}  // namespace

void concat(const Concat& op, Context&, Tally*) {
  float* y = op.y.mutable_data<float>();
  for (const Tensor& x : op.xs) {
    const std::int64_t channels = x.dim(-1);
    launch_copy({rows_of(op.y), channels, x.data<float>(), channels, y, op.y.dim(-1)});
    y += channels;
  }
}

void concat_grad(const ConcatGrad& op, Context&, Tally*) {
  const float* grad_y = op.grad_y.data<float>();
  for (const Tensor& grad_x : op.grad_xs) {
    const std::int64_t channels = grad_x.dim(-1);
    launch_copy({rows_of(op.grad_y), channels, grad_y, op.grad_y.dim(-1),
                 grad_x.mutable_data<float>(), channels});
    grad_y += channels;
  }
}

}  // namespace joule::cuda
