// SPDX-License-Identifier: MIT
#include <limits>

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/rows_of.h"
#include "joule/kernels/softmax/softmax_impl.h"

namespace joule::cuda {
namespace {

/// One warp per row, a lane per every 32nd class; 8 bytes per element and two exps in double.
template <bool kLog>
__global__ void softmax_rows(std::int64_t rows, std::int64_t classes, const float* x, float* y) {
  const unsigned lane = threadIdx.x % kWarp;
  for (std::int64_t row = thread_index() / kWarp; row < rows; row += thread_count() / kWarp) {
    const float* const from = x + row * classes;
    float* const to = y + row * classes;
    float mine = -std::numeric_limits<float>::infinity();
    for (std::int64_t k = lane; k < classes; k += kWarp) mine = from[k] > mine ? from[k] : mine;
    const double max = warp_max(mine);
    double sum = 0;  // a NaN, which is no maximum, makes it one
    for (std::int64_t k = lane; k < classes; k += kWarp) sum += exp(from[k] - max);
    sum = warp_sum(sum);
    for (std::int64_t k = lane; k < classes; k += kWarp) {
      const double shifted = from[k] - max;
      to[k] = static_cast<float>(kLog ? shifted - log(sum) : exp(shifted) / sum);
    }
  }
}

/// The same; 12 bytes per element.
template <bool kLog>
__global__ void softmax_grad_rows(std::int64_t rows, std::int64_t classes, const float* y,
                                  const float* grad_y, float* grad_x) {
  const unsigned lane = threadIdx.x % kWarp;
  for (std::int64_t row = thread_index() / kWarp; row < rows; row += thread_count() / kWarp) {
    const std::int64_t first = row * classes;
    double sum = 0;
    for (std::int64_t k = first + lane; k < first + classes; k += kWarp) {
      sum += static_cast<double>(grad_y[k]) * (kLog ? 1.0 : static_cast<double>(y[k]));
    }
    sum = warp_sum(sum);
    for (std::int64_t k = first + lane; k < first + classes; k += kWarp) {
      const double at = y[k], g = grad_y[k];
      grad_x[k] = static_cast<float>(kLog ? g - exp(at) * sum : at * (g - sum));
    }
  }
}

}  // namespace

template <bool kLog>
void softmax(const SoftmaxOf<kLog>& op, Context&, Tally*) {
  const std::int64_t rows = rows_of(op.x);
  launch(softmax_rows<kLog>, grid_over(rows * kWarp), rows, op.x.dim(-1),
         op.x.template data<float>(), op.y.template mutable_data<float>());
}

template <bool kLog>
void softmax_grad(const SoftmaxOfGrad<kLog>& op, Context&, Tally*) {
  const std::int64_t rows = rows_of(op.y);
  launch(softmax_grad_rows<kLog>, grid_over(rows * kWarp), rows, op.y.dim(-1),
         op.y.template data<float>(), op.grad_y.template data<float>(),
         op.grad_x.template mutable_data<float>());
}

template void softmax(const ops::Softmax& op, Context&, Tally*);
template void softmax(const ops::LogSoftmax& op, Context&, Tally*);
template void softmax_grad(const ops::SoftmaxGrad& op, Context&, Tally*);
template void softmax_grad(const ops::LogSoftmaxGrad& op, Context&, Tally*);

}  // namespace joule::cuda
