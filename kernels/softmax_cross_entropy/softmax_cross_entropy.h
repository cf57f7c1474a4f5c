// SPDX-License-Identifier: MIT
#pragma once

#include "core/op.h"
#include "core/tensor.h"

namespace joule {

/// probabilities_nk = exp(logits_nk) / sum_j exp(logits_nj)
/// loss = -1/N sum_n sum_k q_nk log probabilities_nk,
///   q_nk = (1 - s) [k = labels_n] + s / K,  s = label_smoothing.
///
/// Shapes    logits, probabilities: [N,K], f32.  labels: [N], i32, in [0,K).  loss: a scalar.
///           probabilities may be logits.
/// Cost      no MACs; reads logits and labels, writes probabilities and loss.
/// Errors    ArgumentError if shapes, dtypes or devices do not fit, N or K is 0, the smoothing is
///           outside [0, 1], or a label is outside [0,K): the first such is named.  Only the CPU
///           looks at the labels before; elsewhere such a label makes loss and gradients NaN.
/// Numerics  the logarithm of the sum is taken after subtracting the row's maximum: no overflow
///           for finite logits.  Computed in double.  A NaN or +inf logit makes the loss NaN.
/// Source    Szegedy et al. 2016, arXiv:1512.00567, section 7 (label smoothing).
struct SoftmaxCrossEntropy {
  static constexpr std::string_view kName = "softmax_cross_entropy";

  Tensor logits;
  Tensor labels;
  Tensor loss;
  Tensor probabilities;
  float label_smoothing = 0;

  Device device() const { return logits.device(); }
  DType dtype() const { return logits.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SoftmaxCrossEntropy>> implementations();
};

/// grad_logits_nk = grad_loss / N * (probabilities_nk - q_nk), q as in SoftmaxCrossEntropy.
///
/// Shapes    probabilities, grad_logits: [N,K], f32.  labels: [N], i32.  grad_loss: a scalar.
///           grad_logits may be probabilities.
/// Cost      no MACs; reads probabilities and labels, writes grad_logits.
/// Errors    as SoftmaxCrossEntropy.
struct SoftmaxCrossEntropyGrad {
  static constexpr std::string_view kName = "softmax_cross_entropy_grad";

  Tensor probabilities;  // written by SoftmaxCrossEntropy
  Tensor labels;
  Tensor grad_loss;
  Tensor grad_logits;
  float label_smoothing = 0;

  Device device() const { return probabilities.device(); }
  DType dtype() const { return probabilities.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SoftmaxCrossEntropyGrad>> implementations();
};

}  // namespace joule
