// SPDX-License-Identifier: MIT
#include "joule/kernels/relu/relu.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"

namespace joule {
Tensor relu_backward(const Tensor& y, const SmoothL0& l0, std::span<const Tensor> grads) {
  // Without a gradient of y itself (only the penalty counts) it is zero everywhere.
  const Tensor grad_x =
      grads[0] ? reuse_or_allocate(grads[0]) : Tensor::zeros(y.shape(), y.dtype(), y.device());
  dispatch(ops::ReluGrad{.y = y,
                         .grad_y = grads[0] ? grads[0] : grad_x,
                         .grad_x = grad_x,
                         .sigma = l0.sigma,
                         .grad_l0 = grads[1],
                         .cutoff = l0.cutoff});
  return grad_x;
}

ReluOutput relu_with_l0(Tensor x, const SmoothL0& l0, float threshold) {
  require(x.defined(), "relu: x is undefined");
  ReluOutput out{.y = overwrite_or_allocate(x)};
  if (l0.sigma > 0) out.l0_sum = empty_like(x, {});
  dispatch(ops::Relu{
      .x = x, .y = out.y, .sigma = l0.sigma, .l0_sum = out.l0_sum, .threshold = threshold});
  BackwardFn backward = [y = Saved(out.y, "y"), l0](std::span<const Tensor> grads) {
    return std::vector<Tensor>{relu_backward(y.get(), l0, grads)};
  };
  record("relu", {x}, {&out.y, &out.l0_sum}, std::move(backward));
  set_grad_unused_at_zeros(out.y);
  return out;
}

Tensor relu(Tensor x) { return relu_with_l0(std::move(x), 0.0f).y; }

}  // namespace joule
