// SPDX-License-Identifier: MIT
#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/losses/pointwise_loss.h"

namespace joule {
namespace {

template <LossFunction kFunction>
Tensor loss_of(const Tensor& x, const Tensor& target, LossReduction reduction) {
  constexpr std::string_view kName = PointwiseLoss<kFunction>::kName;
  require(x.defined() && target.defined(), kName, ": x and target must be defined");
  require(!needs_grad(target), kName, ": target gets no gradient; detach() it");
  Tensor loss = empty_like(x, {});
  dispatch(
      PointwiseLoss<kFunction>{.x = x, .target = target, .loss = loss, .reduction = reduction});
  record(kName, {x}, {&loss},
         [x = Saved(x, "x"), target = Saved(target, "target"),
          reduction](std::span<const Tensor> grads) {
           const Tensor grad_x = empty_like(x.get());
           dispatch(PointwiseLossGrad<kFunction>{.x = x.get(),
                                                 .target = target.get(),
                                                 .grad_loss = grads[0],
                                                 .grad_x = grad_x,
                                                 .reduction = reduction});
           return std::vector<Tensor>{grad_x};
         });
  return loss;
}

}  // namespace

Tensor mse_loss(const Tensor& x, const Tensor& target, LossReduction reduction) {
  return loss_of<LossFunction::mse>(x, target, reduction);
}
Tensor l1_loss(const Tensor& x, const Tensor& target, LossReduction reduction) {
  return loss_of<LossFunction::l1>(x, target, reduction);
}
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        LossReduction reduction) {
  return loss_of<LossFunction::bce_with_logits>(logits, target, reduction);
}

}  // namespace joule
