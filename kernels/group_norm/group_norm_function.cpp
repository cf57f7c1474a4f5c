// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/group_norm/group_norm.h"

namespace joule {

Tensor group_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, std::int64_t groups,
                  float epsilon) {
  require(x.defined() && gamma.defined() && beta.defined(),
          "group_norm: x, gamma and beta must be defined");
  Tensor y = empty_like(x);
  dispatch(ops::GroupNorm{
      .x = x, .gamma = gamma, .beta = beta, .y = y, .groups = groups, .epsilon = epsilon});
  record("group_norm", {x, gamma, beta}, {&y},
         [x = Saved(x, "x"), gamma = Saved(gamma, "gamma"), groups,
          epsilon](std::span<const Tensor> grads) {
           const Tensor grad_x = reuse_or_allocate(grads[0]);
           const Tensor grad_gamma = empty_like(gamma.get()), grad_beta = empty_like(gamma.get());
           dispatch(ops::GroupNormGrad{.x = x.get(),
                                       .gamma = gamma.get(),
                                       .grad_y = grads[0],
                                       .grad_x = grad_x,
                                       .grad_gamma = grad_gamma,
                                       .grad_beta = grad_beta,
                                       .groups = groups,
                                       .epsilon = epsilon});
           return std::vector<Tensor>{grad_x, grad_gamma, grad_beta};
         });
  return y;
}

Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, float epsilon) {
  require(x.defined() && x.shape().rank() >= 1, "layer_norm: x must have a last dimension");
  const std::int64_t channels = x.dim(-1), rows = channels ? x.numel() / channels : 0;
  return group_norm(x.reshape({rows, channels}), gamma, beta, 1, epsilon).reshape(x.shape());
}

}  // namespace joule
