// SPDX-License-Identifier: MIT
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/pieces.h"
#include "joule/kernels/relu/relu_rows_cuda.h"

namespace joule::cuda {
namespace {

/// One thread per element.  8 bytes per element.
__global__ void add_bias(float* y, const float* bias, std::int64_t channels, std::int64_t n) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) y[i] += bias[i % channels];
}

}  // namespace

void bias_and_relu_in_place(const ops::Conv2d& op) {
  const float* const bias = op.bias ? op.bias.data<float>() : nullptr;
  if (op.relu) return relu_rows(op.y, bias, op.y, op.threshold, op.sigma, op.l0_sum);
  if (!bias) return;
  launch(add_bias, grid_over(op.y.numel()), op.y.mutable_data<float>(), bias, op.y.dim(3),
         op.y.numel());
}

}  // namespace joule::cuda
