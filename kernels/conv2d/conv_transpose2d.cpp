// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/conv_transpose2d.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/function.h"

namespace joule {
namespace {

constexpr std::string_view kName = "conv_transpose2d";

std::int64_t extent(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                    std::int64_t dilation, std::int64_t output_padding) {
  require(output_padding < stride, kName, ": output_padding must be from 0 to stride - 1, got ",
          output_padding, " with stride ", stride);
  const std::int64_t out =
      (in - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + output_padding;
  require(in > 0 && out > 0, kName, ": the output would be empty: of ", in, " pixels with kernel ",
          kernel, ", stride ", stride, ", padding ", padding, " and dilation ", dilation);
  return out;
}

/// Without the bias.
Tensor transposed(const Tensor& x, const Tensor& weight, const ConvParams& params,
                  Size2 output_padding) {
  const Size2 out = conv_transpose_output_size({x.dim(1), x.dim(2)}, {weight.dim(1), weight.dim(2)},
                                               params, output_padding);
  Tensor y = empty_like(x, {x.dim(0), out.h, out.w, weight.dim(3) * params.groups});
  dispatch(ops::Conv2dGradInput{.grad_y = x, .weight = weight, .grad_x = y, .params = params});
  const bool of_x = needs_grad(x), of_weight = needs_grad(weight);
  record(
      kName, {x, weight}, {&y},
      [x = saved_if(of_weight, x, "x"), weight = saved_if(of_x, weight, "weight"),
       x_shape = x.shape(), weight_shape = weight.shape(), params, of_x,
       of_weight](std::span<const Tensor> grads) {
        const Tensor& grad_y = grads[0];
        Tensor grad_x, grad_weight;
        if (of_x) {
          grad_x = empty_like(grad_y, x_shape);
          dispatch(ops::Conv2d{.x = grad_y, .weight = weight.get(), .y = grad_x, .params = params});
        }
        if (of_weight) {
          grad_weight = empty_like(grad_y, weight_shape);
          dispatch(ops::Conv2dGradWeight{
              .x = grad_y, .grad_y = x.get(), .grad_weight = grad_weight, .params = params});
        }
        return std::vector<Tensor>{grad_x, grad_weight};
      });
  return y;
}

}  // namespace

Size2 conv_transpose_output_size(Size2 in, Size2 kernel, const ConvParams& params,
                                 Size2 output_padding) {
  require_window(kName, "kernel", kernel, 1);
  require_window(kName, "stride", params.stride, 1);
  require_window(kName, "padding", params.padding, 0);
  require_window(kName, "dilation", params.dilation, 1);
  require_window(kName, "output_padding", output_padding, 0);
  return {extent(in.h, kernel.h, params.stride.h, params.padding.h, params.dilation.h,
                 output_padding.h),
          extent(in.w, kernel.w, params.stride.w, params.padding.w, params.dilation.w,
                 output_padding.w)};
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvParams& params, Size2 output_padding) {
  require_rank(kName, "x", x, 4);
  require_rank(kName, "weight", weight, 4);
  require(params.groups >= 1, kName, ": groups must be at least 1, got ", params.groups);
  require(x.dim(3) == weight.dim(0), kName, ": x is ", x.shape(), ", it has ", x.dim(3),
          " channels, weight is ", weight.shape(), " for ", weight.dim(0));
  if (bias) {
    const Shape expected{weight.dim(3) * params.groups};
    require(bias.shape() == expected, kName, ": bias is ", bias.shape(), ", expected ", expected);
  }
  Tensor y = transposed(x, weight, params, output_padding);
  return bias ? add(std::move(y), bias) : y;
}

}  // namespace joule
