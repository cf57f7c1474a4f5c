// SPDX-License-Identifier: MIT
#include "joule/kernels/scale/scale.h"

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"

namespace joule {
Tensor scale(Tensor x, const Tensor& factor) {
  require(x.defined() && factor.defined(), "scale: x and factor must be defined");
  require(!needs_grad(factor), "scale: factor gets no gradient; detach() it");
  Tensor y = overwrite_or_allocate(x);
  dispatch(ops::Scale{.x = x, .y = y, .by = factor});
  record("scale", {x}, {&y}, [factor = Saved(factor, "factor")](std::span<const Tensor> grads) {
    const Tensor grad_x = reuse_or_allocate(grads[0]);
    dispatch(ops::Scale{.x = grads[0], .y = grad_x, .by = factor.get()});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

}  // namespace joule
