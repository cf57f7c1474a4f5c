// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/resize/resize_nearest.h"

namespace joule {

Tensor resize_nearest(const Tensor& x, const Repeats& rows, const Repeats& columns) {
  require_rank("resize_nearest", "x", x, 4);
  Tensor y = empty_like(x, {x.dim(0), repeated("resize_nearest", "rows", x.dim(1), rows),
                            repeated("resize_nearest", "columns", x.dim(2), columns), x.dim(3)});
  dispatch(ops::ResizeNearest{.x = x, .y = y, .rows = rows, .columns = columns});
  record("resize_nearest", {x}, {&y},
         [shape = x.shape(), rows, columns](std::span<const Tensor> grads) {
           const Tensor grad_x = empty_like(grads[0], shape);
           dispatch(ops::ResizeNearestGrad{
               .grad_y = grads[0], .grad_x = grad_x, .rows = rows, .columns = columns});
           return std::vector<Tensor>{grad_x};
         });
  hand_on_unused_zeros(x, y);  // a copy of a 0 hands its gradient to that 0 alone
  return y;
}

}  // namespace joule
