// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/pointwise/pointwise.h"

namespace joule {
namespace {

template <PointwiseFunction kFunction>
Tensor pointwise(Tensor x, float slope = 0) {
  constexpr std::string_view kName = name(kFunction);
  require(x.defined(), kName, ": x is undefined");
  const bool keeps_x = needs_grad(x) && !grad_from_value(kFunction);
  Tensor y = keeps_x ? empty_like(x) : overwrite_or_allocate(x);
  dispatch(Pointwise<kFunction>{.x = x, .y = y, .slope = slope});
  record(kName, {x}, {&y},
         [at = keeps_x ? Saved(x, "x") : Saved(y, "y"), slope](std::span<const Tensor> grads) {
           const Tensor grad_x = reuse_or_allocate(grads[0]);
           dispatch(PointwiseGrad<kFunction>{
               .at = at.get(), .grad_y = grads[0], .grad_x = grad_x, .slope = slope});
           return std::vector<Tensor>{grad_x};
         });
  return y;
}

}  // namespace

Tensor sigmoid(Tensor x) { return pointwise<PointwiseFunction::sigmoid>(std::move(x)); }
Tensor tanh(Tensor x) { return pointwise<PointwiseFunction::tanh>(std::move(x)); }
Tensor leaky_relu(Tensor x, float slope) {
  return pointwise<PointwiseFunction::leaky_relu>(std::move(x), slope);
}
Tensor gelu(Tensor x) { return pointwise<PointwiseFunction::gelu>(std::move(x)); }
Tensor silu(Tensor x) { return pointwise<PointwiseFunction::silu>(std::move(x)); }
Tensor hard_swish(Tensor x) { return pointwise<PointwiseFunction::hard_swish>(std::move(x)); }
Tensor elu(Tensor x, float alpha) { return pointwise<PointwiseFunction::elu>(std::move(x), alpha); }
Tensor erf(Tensor x) { return pointwise<PointwiseFunction::erf>(std::move(x)); }

}  // namespace joule
