// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "joule/core/op.h"
#include "joule/core/tensor.h"
#include "joule/kernels/loss_reduction.h"

namespace joule {

/// An ignore_index that matches no label.
inline constexpr std::int64_t kIgnoreNoLabel = std::numeric_limits<std::int64_t>::min();

namespace ops {

/// probabilities_nk = exp(logits_nk) / sum_j exp(logits_nj)
/// loss_n = -sum_k q_nk log probabilities_nk,
///   q_nk = (1 - s) w_k [k = labels_n] + s w_k / K,  s = label_smoothing, w = weights (or all 1),
/// and 0 for a row whose label is ignore_index.  Over the rows:
///   mean: loss = sum_n loss_n / divisor, divisor = sum of w[labels_n] over the rows that count
///   sum:  loss = sum_n loss_n
///
/// Shapes    logits, probabilities: [N,K], f32.  labels: [N], i32, in [0,K) or ignore_index.
///           weights: [K] as logits, or undefined.  loss: a scalar.  divisor: an f64 scalar for the
///           gradient; defined exactly if it is not N (divided()).  probabilities may be logits.
/// Cost      no MACs; reads logits, labels and weights, writes probabilities and loss.
/// Errors    ArgumentError if shapes, dtypes or devices do not fit, N or K is 0, the smoothing is
///           outside [0, 1], a weight is negative or not finite, or a label is outside [0,K) and
///           not ignored (the message names the first).  Only the CPU checks labels and weights
///           beforehand; elsewhere such a label makes loss and gradients NaN.
/// Numerics  computed in double.  The row's maximum is subtracted before the exponentials: no
///           overflow for finite logits.  A NaN or +inf logit makes the loss NaN.  A mean over no
///           row (all ignored) is NaN, with gradients of 0.
/// Source    Szegedy et al. 2016, arXiv:1512.00567, section 7 (label smoothing); weights, ignored
///           labels and the mean's divisor as torch.nn.functional.cross_entropy.
struct SoftmaxCrossEntropy {
  static constexpr std::string_view kName = "softmax_cross_entropy";

  Tensor logits;
  Tensor labels;
  Tensor loss;
  Tensor probabilities;
  float label_smoothing = 0;
  Tensor weights{};
  std::int64_t ignore_index = kIgnoreNoLabel;
  LossReduction reduction = LossReduction::mean;
  Tensor divisor{};  // written

  /// Whether the mean's divisor depends on the labels.
  static bool divided(const Tensor& weights, std::int64_t ignore_index, LossReduction reduction) {
    return reduction == LossReduction::mean && (weights || ignore_index != kIgnoreNoLabel);
  }

  Device device() const { return logits.device(); }
  DType dtype() const { return logits.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SoftmaxCrossEntropy>> implementations();
};

/// grad_logits_nk = grad_loss / divisor * (probabilities_nk sum_j q_nj - q_nk), with q and divisor
/// as in SoftmaxCrossEntropy (divisor 1 for a sum); 0 in an ignored row.
///
/// Shapes    probabilities, grad_logits: [N,K], f32.  labels: [N], i32.  grad_loss: a scalar.
///           weights and divisor as SoftmaxCrossEntropy had and left them.  grad_logits may be
///           probabilities.
/// Cost      no MACs; reads probabilities, labels and weights, writes grad_logits.
/// Errors    as SoftmaxCrossEntropy.
struct SoftmaxCrossEntropyGrad {
  static constexpr std::string_view kName = "softmax_cross_entropy_grad";

  Tensor probabilities;  // written by SoftmaxCrossEntropy
  Tensor labels;
  Tensor grad_loss;
  Tensor grad_logits;
  float label_smoothing = 0;
  Tensor weights{};
  std::int64_t ignore_index = kIgnoreNoLabel;
  LossReduction reduction = LossReduction::mean;
  Tensor divisor{};

  Device device() const { return probabilities.device(); }
  DType dtype() const { return probabilities.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SoftmaxCrossEntropyGrad>> implementations();
};

}  // namespace ops

struct CrossEntropyOptions {
  float label_smoothing = 0;
  Tensor weights{};                               // [K], one per class; undefined: all 1
  std::optional<std::int32_t> ignore_index{};     // rows with this label are left out
  LossReduction reduction = LossReduction::mean;  // mean or sum over the batch
};
/// The differentiable function: the mean (or sum) over the batch of
/// -weights[label] * log softmax(logits)[label].  logits [N, K], labels i32 [N].
Tensor cross_entropy(Tensor logits, const Tensor& labels, const CrossEntropyOptions& options = {});

}  // namespace joule
