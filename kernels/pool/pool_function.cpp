// SPDX-License-Identifier: MIT
#include "joule/kernels/pool/max_pool2d.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/pool/avg_pool2d.h"
#include "joule/kernels/pool/global_avg_pool.h"
#include "joule/kernels/pool/pool_shape.h"

namespace joule {
Tensor max_pool2d(Tensor x, Size2 kernel, Size2 stride, Size2 padding,
                  const MaxPoolOptions& options) {
  require(x.defined(), "max_pool2d: x is undefined");
  const bool ceil_mode = options.ceil_mode;
  Tensor y = empty_like(
      x, pool_shape("max_pool2d", x.shape(), kernel, stride, padding, ceil_mode).output());
  Tensor index;
  if (needs_grad(x)) index = Tensor(ops::MaxPool2d::index_shape(y.shape()), DType::i32, x.device());
  dispatch(ops::MaxPool2d{.x = x,
                          .y = y,
                          .index = index,
                          .kernel = kernel,
                          .stride = stride,
                          .padding = padding,
                          .ceil_mode = ceil_mode});
  record("max_pool2d", {x}, {&y},
         [index = Saved(index, "index"), shape = x.shape(), kernel, stride, padding,
          ceil_mode](std::span<const Tensor> grads) {
           const Tensor grad_x = empty_like(grads[0], shape);
           dispatch(ops::MaxPool2dGrad{.index = index.get(),
                                       .grad_y = grads[0],
                                       .grad_x = grad_x,
                                       .kernel = kernel,
                                       .stride = stride,
                                       .padding = padding,
                                       .ceil_mode = ceil_mode});
           return std::vector<Tensor>{grad_x};
         });
  hand_on_unused_zeros(x, y);  // the maximum that is 0 is a 0 of x: padding takes no part
  return y;
}

Tensor avg_pool2d(Tensor x, Size2 kernel, Size2 stride, Size2 padding,
                  const AvgPoolOptions& options) {
  require(x.defined(), "avg_pool2d: x is undefined");
  const auto [ceil_mode, count_include_pad] = options;
  Tensor y = empty_like(
      x, pool_shape("avg_pool2d", x.shape(), kernel, stride, padding, ceil_mode).output());
  dispatch(ops::AvgPool2d{.x = x,
                          .y = y,
                          .kernel = kernel,
                          .stride = stride,
                          .padding = padding,
                          .count_include_pad = count_include_pad,
                          .ceil_mode = ceil_mode});
  record("avg_pool2d", {x}, {&y},
         [shape = x.shape(), kernel, stride, padding, options](std::span<const Tensor> grads) {
           const Tensor grad_x = empty_like(grads[0], shape);
           dispatch(ops::AvgPool2dGrad{.grad_y = grads[0],
                                       .grad_x = grad_x,
                                       .kernel = kernel,
                                       .stride = stride,
                                       .padding = padding,
                                       .count_include_pad = options.count_include_pad,
                                       .ceil_mode = options.ceil_mode});
           return std::vector<Tensor>{grad_x};
         });
  return y;
}

Tensor global_avg_pool(Tensor x) {
  require_rank("global_avg_pool", "x", x, 4);
  Tensor y = empty_like(x, {x.dim(0), x.dim(3)});
  dispatch(ops::GlobalAvgPool{.x = x, .y = y});
  record("global_avg_pool", {x}, {&y}, [shape = x.shape()](std::span<const Tensor> grads) {
    const Tensor grad_x = empty_like(grads[0], shape);
    dispatch(ops::GlobalAvgPoolGrad{.grad_y = grads[0], .grad_x = grad_x});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

}  // namespace joule
