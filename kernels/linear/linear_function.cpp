// SPDX-License-Identifier: MIT
#include "joule/kernels/linear/linear.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"

namespace joule {
Tensor linear(Tensor x, const Tensor& weight, const Tensor& bias) {
  require_rank("linear", "x", x, 2);
  require_rank("linear", "weight", weight, 2);
  Tensor y = empty_like(x, {x.dim(0), weight.dim(0)});
  dispatch(ops::Linear{.x = x, .weight = weight, .y = y, .bias = bias});
  const bool of_x = needs_grad(x), of_weight = needs_grad(weight), of_bias = needs_grad(bias);
  record(
      "linear", {x, weight, bias}, {&y},
      [x = saved_if(of_weight || of_bias, x, "x"), weight = saved_if(of_x, weight, "weight"),
       x_shape = x.shape(), weight_shape = weight.shape(), of_x, of_weight,
       of_bias](std::span<const Tensor> grads) {
        const Tensor& grad_y = grads[0];
        Tensor grad_x, grad_weight, grad_bias;
        if (of_weight || of_bias) {
          grad_weight = empty_like(grad_y, weight_shape);
          if (of_bias) grad_bias = empty_like(grad_y, {grad_y.dim(1)});
          dispatch(ops::LinearGradWeight{
              .x = x.get(), .grad_y = grad_y, .grad_weight = grad_weight, .grad_bias = grad_bias});
        }
        if (of_x) {
          grad_x = empty_like(grad_y, x_shape);
          dispatch(
              ops::LinearGradInput{.grad_y = grad_y, .weight = weight.get(), .grad_x = grad_x});
        }
        return std::vector<Tensor>{grad_x, grad_weight, grad_bias};
      });
  return y;
}

}  // namespace joule
