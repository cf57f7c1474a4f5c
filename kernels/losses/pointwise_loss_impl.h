// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/losses/pointwise_loss.h"

// What the implementations of PointwiseLoss and its gradient share; private to this folder.
namespace joule {

/// The factor of the sum over n elements.
inline double factor_of(LossReduction reduction, std::int64_t n) {
  return reduction == LossReduction::mean ? 1 / static_cast<double>(n) : 1;
}

namespace cuda {
template <LossFunction kFunction>
void pointwise_loss(const PointwiseLoss<kFunction>& op, Context& ctx, Tally* tally);
template <LossFunction kFunction>
void pointwise_loss_grad(const PointwiseLossGrad<kFunction>& op, Context& ctx, Tally* tally);
}  // namespace cuda

}  // namespace joule
