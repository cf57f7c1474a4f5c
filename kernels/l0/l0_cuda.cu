// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/kernels/block_sums_cuda.h"
#include "joule/kernels/elementwise_cuda.h"
#include "joule/kernels/l0/l0_impl.h"
#include "joule/kernels/l0/smooth_l0_cuda.h"

namespace joule::cuda {
namespace {

struct SmoothL0Term {
  float sigma;

  __device__ double operator()(float x) const { return smooth_l0(x, sigma); }
};

/// 8 bytes per element.
struct SmoothL0Grad {
  const float* x;
  float sigma;
  float reach;
  const float* grad_sum;
  float* grad_x;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    const float factor = *grad_sum;
    auto v = Floats<kCount>::load(x + i);
    for (int k = 0; k < kCount; ++k) v.at[k] = factor * smooth_l0_derivative(v.at[k], sigma, reach);
    v.store(grad_x + i);
  }
};

/// Terms of a penalty.  They are the kernel's parameters, hence how many.
struct Terms {
  static constexpr std::size_t kMost = 128;
  const float* sums[kMost];
  float weights[kMost];
};

/// One thread: a net has few layers.  Adds to *total if it is not `first`, writes *value if `last`.
__global__ void add_weighted(Terms terms, int count, bool first, bool last, double* total,
                             float* value) {
  double sum = first ? 0 : *total;
  for (int k = 0; k < count; ++k) sum += static_cast<double>(terms.weights[k]) * *terms.sums[k];
  if (last) {
    *value = static_cast<float>(sum);
  } else {
    *total = sum;
  }
}

}  // namespace

void l0_sum(const ops::L0Sum& op, Context&, Tally*) {
  sum_terms(op.x, SmoothL0Term{op.sigma}, op.sum);
}

void l0_sum_grad(const ops::L0SumGrad& op, Context&, Tally*) {
  const SmoothL0Grad grad{op.x.data<float>(), op.sigma,
                          reference::smooth_l0_reach(op.sigma, op.cutoff),
                          op.grad_sum.data<float>(), op.grad_x.mutable_data<float>()};
  launch_elementwise(op.x.numel(), aligned_for_four({grad.x, grad.grad_x}), grad);
}

void l0_penalty(const ops::L0Penalty& op, Context&, Tally*) {
  const Tensor total(Shape{}, DType::f64, Device::cuda);
  const Grid one_thread{.blocks = dim3(1), .threads = dim3(1)};
  for (std::size_t first = 0; first < op.sums.size(); first += Terms::kMost) {
    const std::size_t count = std::min(Terms::kMost, op.sums.size() - first);
    Terms terms{};
    for (std::size_t k = 0; k < count; ++k) {
      terms.sums[k] = op.sums[first + k].data<float>();
      terms.weights[k] = op.weights[first + k];
    }
    launch(add_weighted, one_thread, terms, static_cast<int>(count), first == 0,
           first + count == op.sums.size(), total.mutable_data<double>(),
           op.value.mutable_data<float>());
  }
}

}  // namespace joule::cuda
