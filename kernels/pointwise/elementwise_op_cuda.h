// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/elementwise_cuda.h"
#include "joule/kernels/pointwise/elementwise_op.h"

// For .cu files: an elementwise_op() that also runs on CUDA.
namespace joule::cuda {

/// Moves 8 bytes per element, 12 with a gradient.
template <bool kGrad, class F>
struct ElementwiseBody {
  const float* x;
  const float* grad;
  float* y;
  F f;

  template <int kCount>
  __device__ void at(std::int64_t i) const {
    auto v = Floats<kCount>::load(x + i);
    for (int k = 0; k < kCount; ++k) v.at[k] = f(v.at[k]);
    if constexpr (kGrad) {
      const auto g = Floats<kCount>::load(grad + i);
      for (int k = 0; k < kCount; ++k) v.at[k] *= g.at[k];
    }
    v.store(y + i);
  }
};

template <class Op>
void run_elementwise(const Op& op, Context&, Tally*) {
  constexpr bool kGrad = Op::kOfGradient;
  const float* const x = op.x.template data<float>();
  const float* const grad = kGrad ? op.grad.template data<float>() : nullptr;
  float* const y = op.y.template mutable_data<float>();
  launch_elementwise(op.x.numel(), aligned_for_four({x, grad, y}),
                     ElementwiseBody<kGrad, decltype(Op::f)>{x, grad, y, op.f});
}

struct CpuAndCuda {
  template <class Op>
  static constexpr std::array<Implementation<Op>, 1> rows() {
    return {Implementation<Op>{"cuda.elementwise", Device::cuda, runs_all, run_elementwise<Op>}};
  }
};

}  // namespace joule::cuda

namespace joule {

/// As elementwise_op(), for both devices: f and df are structs whose operator() is a template and
/// __host__ __device__.
template <OpName kOpName, ScalarFunction F, ScalarFunction Df>
ElementwiseFunction<kOpName, F, Df, cuda::CpuAndCuda> elementwise_op_cuda(F f, Df df) {
  return {std::move(f), std::move(df)};
}

}  // namespace joule
