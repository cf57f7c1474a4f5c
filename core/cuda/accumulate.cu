// SPDX-License-Identifier: MIT
#include "joule/core/autograd/accumulate_impl.h"
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"

namespace joule::cuda {
namespace {

/// One thread per element.
__global__ void add_elements(float* sum, const float* addend, std::int64_t n) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) sum[i] += addend[i];
}

}  // namespace

void accumulate(const ops::Accumulate& op, Context&, Tally*) {
  const std::int64_t n = op.sum.numel();
  launch(add_elements, grid_over(n), op.sum.mutable_data<float>(), op.addend.data<float>(), n);
}

}  // namespace joule::cuda
