// SPDX-License-Identifier: MIT
#include "joule/kernels/relu/relu.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"

namespace joule {
SavedRelu::SavedRelu(const Tensor& y, const SmoothL0& l0) : shape_(y.shape()), l0_(l0) {
  if (l0.sigma == 0) mask_ = y.zero_mask();
  if (!mask_) y_ = Saved(y, "y");
}

Tensor SavedRelu::backward(std::span<const Tensor> grads) const {
  // Without a gradient of y itself (only the penalty counts) it is zero everywhere.
  const Tensor& like = grads[0] ? grads[0] : grads[1];
  const Tensor grad_x =
      grads[0] ? reuse_or_allocate(grads[0]) : Tensor::zeros(shape_, like.dtype(), like.device());
  dispatch(ops::ReluGrad{.y = y_.get(),
                         .grad_y = grads[0] ? grads[0] : grad_x,
                         .grad_x = grad_x,
                         .sigma = l0_.sigma,
                         .grad_l0 = grads[1],
                         .cutoff = l0_.cutoff,
                         .y_mask = mask_});
  return grad_x;
}

ReluOutput relu_with_l0(Tensor x, const SmoothL0& l0, float threshold) {
  require(x.defined(), "relu: x is undefined");
  ReluOutput out{.y = overwrite_or_allocate(x)};
  if (l0.sigma > 0) out.l0_sum = empty_like(x, {});
  dispatch(ops::Relu{
      .x = x, .y = out.y, .sigma = l0.sigma, .l0_sum = out.l0_sum, .threshold = threshold});
  BackwardFn backward = [saved = SavedRelu(out.y, l0)](std::span<const Tensor> grads) {
    return std::vector<Tensor>{saved.backward(grads)};
  };
  record("relu", {x}, {&out.y, &out.l0_sum}, std::move(backward));
  set_grad_unused_at_zeros(out.y);
  return out;
}

Tensor relu(Tensor x) { return relu_with_l0(std::move(x), 0.0f).y; }

}  // namespace joule
