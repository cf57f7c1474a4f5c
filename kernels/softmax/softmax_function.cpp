// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/softmax/softmax.h"

namespace joule {
namespace {

template <bool kLog>
Tensor softmax_of(Tensor x) {
  constexpr std::string_view kName = SoftmaxOf<kLog>::kName;
  require(x.defined(), kName, ": x is undefined");
  Tensor y = overwrite_or_allocate(x);
  dispatch(SoftmaxOf<kLog>{.x = x, .y = y});
  record(kName, {x}, {&y}, [y = Saved(y, "y")](std::span<const Tensor> grads) {
    const Tensor grad_x = reuse_or_allocate(grads[0]);
    dispatch(SoftmaxOfGrad<kLog>{.y = y.get(), .grad_y = grads[0], .grad_x = grad_x});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

}  // namespace

Tensor softmax(Tensor x) { return softmax_of<false>(std::move(x)); }
Tensor log_softmax(Tensor x) { return softmax_of<true>(std::move(x)); }

}  // namespace joule
