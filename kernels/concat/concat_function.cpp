// SPDX-License-Identifier: MIT
#include "joule/kernels/concat/concat.h"

#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"

namespace joule {
Tensor concat(std::span<const Tensor> xs) {
  require(!xs.empty() && xs[0].defined() && xs[0].shape().rank() >= 1,
          "concat: needs at least one tensor of at least one dimension");
  std::vector<std::int64_t> dims(xs[0].shape().begin(), xs[0].shape().end());
  dims.back() = 0;
  std::vector<Shape> shapes;
  for (const Tensor& x : xs) {
    require(x.defined(), "concat: operand ", shapes.size(), " is undefined");
    dims.back() += x.shape().rank() ? x.dim(-1) : 0;
    shapes.push_back(x.shape());
  }
  Tensor y = empty_like(xs[0], Shape(dims));
  dispatch(ops::Concat{.xs = {xs.begin(), xs.end()}, .y = y});
  record("concat", xs, {&y}, [shapes](std::span<const Tensor> grads) {
    std::vector<Tensor> grad_xs;
    for (const Shape& shape : shapes) grad_xs.push_back(empty_like(grads[0], shape));
    dispatch(ops::ConcatGrad{.grad_y = grads[0], .grad_xs = grad_xs});
    return grad_xs;
  });
  return y;
}

}  // namespace joule
