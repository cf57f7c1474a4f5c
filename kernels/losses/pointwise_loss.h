// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"
#include "joule/kernels/loss_reduction.h"

namespace joule {

enum class LossFunction { mse, l1, bce_with_logits };

/// loss = sum_i f(x_i, target_i), or for the mean, that divided by the number of elements:
///   MseLoss            f = (x - t)^2
///   L1Loss             f = |x - t|
///   BceWithLogitsLoss  f = max(x, 0) - x t + log(1 + exp(-|x|)), which is the binary cross-entropy
///                      -t log s - (1 - t) log (1 - s) of s = 1 / (1 + exp(-x))
///
/// Shapes    x, target: any, equal, with at least one element; f32.  loss: a scalar.
/// Cost      no MACs; reads x and target, writes loss.
/// Errors    ArgumentError if shapes, dtypes or devices do not fit, or x is empty.
/// Numerics  computed and summed in double, in an order that depends on the shape alone.  A logit
///           of any size has a finite loss.  Targets are not checked to lie in [0, 1].
template <LossFunction kFunction>
struct PointwiseLoss {
  static constexpr std::string_view kName = kFunction == LossFunction::mse ? "mse_loss"
                                            : kFunction == LossFunction::l1
                                                ? "l1_loss"
                                                : "bce_with_logits_loss";

  Tensor x, target, loss;
  LossReduction reduction = LossReduction::mean;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<PointwiseLoss>> implementations();
};

/// grad_x_i = grad_loss * f'(x_i, target_i), for the mean divided by the number of elements:
///   mse  f' = 2 (x - t)         bce_with_logits  f' = 1 / (1 + exp(-x)) - t
///   l1   f' = 1 where x > t, -1 where x < t, 0 where they are equal
///
/// Shapes    x, target, grad_x: equal; f32.  grad_loss: a scalar.  grad_x may be x.
/// Cost      no MACs; reads x and target, writes grad_x.
/// Errors    as PointwiseLoss.
template <LossFunction kFunction>
struct PointwiseLossGrad {
  static constexpr std::string_view kName = kFunction == LossFunction::mse ? "mse_loss_grad"
                                            : kFunction == LossFunction::l1
                                                ? "l1_loss_grad"
                                                : "bce_with_logits_loss_grad";

  Tensor x, target, grad_loss, grad_x;
  LossReduction reduction = LossReduction::mean;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<PointwiseLossGrad>> implementations();
};

namespace ops {
using MseLoss = PointwiseLoss<LossFunction::mse>;
using MseLossGrad = PointwiseLossGrad<LossFunction::mse>;
using L1Loss = PointwiseLoss<LossFunction::l1>;
using L1LossGrad = PointwiseLossGrad<LossFunction::l1>;
using BceWithLogitsLoss = PointwiseLoss<LossFunction::bce_with_logits>;
using BceWithLogitsLossGrad = PointwiseLossGrad<LossFunction::bce_with_logits>;
}  // namespace ops

/// The differentiable functions.  target gets no gradient: ArgumentError if it needs one.
Tensor mse_loss(const Tensor& x, const Tensor& target,
                LossReduction reduction = LossReduction::mean);
Tensor l1_loss(const Tensor& x, const Tensor& target,
               LossReduction reduction = LossReduction::mean);
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        LossReduction reduction = LossReduction::mean);

}  // namespace joule
