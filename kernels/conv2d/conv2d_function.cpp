// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/conv2d.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/conv2d/channels_last.h"
#include "joule/kernels/function.h"
#include "joule/kernels/relu/relu.h"

namespace joule {
namespace {

/// What a convolution's backward needs of its forward.
struct ConvTape {
  Saved x, weight;
  Shape x_shape, weight_shape;
  ConvParams params;
  bool x_needs, weight_needs, bias_needs;
  bool only_nonzeros_of_x;  // need a gradient

  std::vector<Tensor> operator()(const Tensor& grad_y) const {
    Tensor grad_x, grad_weight, grad_bias;
    if (weight_needs || bias_needs) {
      grad_weight = empty_like(grad_y, weight_shape);
      if (bias_needs) grad_bias = empty_like(grad_y, {grad_y.dim(3)});
      dispatch(ops::Conv2dGradWeight{.x = x.get(),
                                     .grad_y = grad_y,
                                     .grad_weight = grad_weight,
                                     .grad_bias = grad_bias,
                                     .params = params});
    }
    if (x_needs) {
      grad_x = empty_like(grad_y, x_shape);
      const Tensor wanted = only_nonzeros_of_x ? x.get() : Tensor();
      dispatch(ops::Conv2dGradInput{.grad_y = grad_y,
                                    .weight = weight.get(),
                                    .grad_x = grad_x,
                                    .wanted = wanted && wanted.zero_mask() ? wanted : Tensor(),
                                    .params = params});
    }
    return {grad_x, grad_weight, grad_bias};
  }
};

ConvTape conv_tape(const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const ConvParams& params) {
  const bool of_x = needs_grad(x), of_weight = needs_grad(weight), of_bias = needs_grad(bias);
  const bool by_nonzeros = of_x && grad_unused_at_zeros(x);
  return {.x = saved_if(of_weight || of_bias || by_nonzeros, x, "x"),
          .weight = saved_if(of_x, weight, "weight"),
          .x_shape = x.shape(),
          .weight_shape = weight.shape(),
          .params = params,
          .x_needs = of_x,
          .weight_needs = of_weight,
          .bias_needs = of_bias,
          .only_nonzeros_of_x = by_nonzeros};
}

Tensor conv_output(const Tensor& x, const Tensor& weight, const ConvParams& params) {
  require_rank("conv2d", "x", x, 4);
  require_rank("conv2d", "weight", weight, 4);
  require_channels_last("conv2d", {"x", x}, {"weight", weight}, params);
  const Size2 out = conv_output_size({x.dim(1), x.dim(2)}, {weight.dim(1), weight.dim(2)}, params);
  return empty_like(x, {x.dim(0), out.h, out.w, weight.dim(0)});
}

}  // namespace

Tensor conv2d(Tensor x, const Tensor& weight, const Tensor& bias, const ConvParams& params) {
  Tensor y = conv_output(x, weight, params);
  dispatch(ops::Conv2d{.x = x, .weight = weight, .y = y, .bias = bias, .params = params});
  record("conv2d", {x, weight, bias}, {&y},
         [tape = conv_tape(x, weight, bias, params)](std::span<const Tensor> grads) {
           return tape(grads[0]);
         });
  return y;
}

ReluOutput conv2d_relu(Tensor x, const Tensor& weight, const Tensor& bias, const ConvParams& params,
                       const SmoothL0& l0, float threshold) {
  ReluOutput out{.y = conv_output(x, weight, params)};
  if (l0.sigma > 0) out.l0_sum = empty_like(x, {});
  dispatch(ops::Conv2d{.x = x,
                       .weight = weight,
                       .y = out.y,
                       .bias = bias,
                       .params = params,
                       .relu = true,
                       .sigma = l0.sigma,
                       .l0_sum = out.l0_sum,
                       .threshold = threshold});
  BackwardFn backward = [tape = conv_tape(x, weight, bias, params), relu = SavedRelu(out.y, l0)](
                            std::span<const Tensor> grads) { return tape(relu.backward(grads)); };
  record("conv2d_relu", {x, weight, bias}, {&out.y, &out.l0_sum}, std::move(backward));
  set_grad_unused_at_zeros(out.y);
  return out;
}

}  // namespace joule
