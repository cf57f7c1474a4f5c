// SPDX-License-Identifier: MIT
#pragma once

#include "core/op.h"
#include "core/tensor.h"

namespace joule {

// The update rules: one pass over a parameter and what is kept for it, in place.  `parameter`,
// `gradient` and the kept tensors: any shape, equal; f32.  Elementwise: the same bits for any
// number of threads.  Numbers are rounded to the tensors' dtype where they meet it.

/// Stochastic gradient descent with momentum:
///   g = gradient + weight_decay * parameter
///   velocity = momentum * velocity + g                        (if velocity is given)
///   d = nesterov ? g + momentum * velocity : velocity         (without velocity: g)
///   parameter -= lr * d
///
/// Shapes    velocity: zeros before the first step; undefined exactly if momentum is 0.
/// Cost      no MACs of the net; reads all operands, writes parameter and velocity.
/// Errors    ArgumentError if the operands do not fit, a number is negative or not finite,
///           momentum >= 1, or nesterov without momentum.
/// Source    Sutskever et al. 2013, in PyTorch's form (lr multiplies the velocity when applied).
struct SgdUpdate {
  static constexpr std::string_view kName = "sgd_update";

  Tensor parameter;
  Tensor gradient;
  Tensor velocity{};
  double lr = 0;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;

  Device device() const { return parameter.device(); }
  DType dtype() const { return parameter.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SgdUpdate>> implementations();
};

/// Adam, or AdamW if `decoupled`:
///   g = gradient + (decoupled ? 0 : weight_decay * parameter)
///   first_moment  = beta1 * first_moment  + (1 - beta1) * g
///   second_moment = beta2 * second_moment + (1 - beta2) * g^2
///   m = first_moment / (1 - beta1^step),  v = second_moment / (1 - beta2^step)
///   parameter -= lr * (m / (sqrt(v) + epsilon) + (decoupled ? weight_decay * parameter : 0))
///
/// Shapes    first_moment, second_moment: zeros before step 1.
/// Cost      no MACs of the net; reads all operands, writes all but the gradient.
/// Errors    ArgumentError if the operands do not fit, a number is negative or not finite, a beta
///           is >= 1, or step < 1.
/// Source    Kingma and Ba 2015, arXiv:1412.6980; Loshchilov and Hutter 2019, arXiv:1711.05101.
struct AdamUpdate {
  static constexpr std::string_view kName = "adam_update";

  Tensor parameter;
  Tensor gradient;
  Tensor first_moment;
  Tensor second_moment;
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;
  std::int64_t step = 1;  // counts from 1

  Device device() const { return parameter.device(); }
  DType dtype() const { return parameter.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<AdamUpdate>> implementations();
};

/// RMSProp:
///   g = gradient + weight_decay * parameter
///   square_average = alpha * square_average + (1 - alpha) * g^2
///   d = g / (sqrt(square_average) + epsilon)
///   velocity = momentum * velocity + d                        (if velocity is given)
///   parameter -= lr * (velocity is given ? velocity : d)
///
/// Shapes    square_average, velocity: zeros before the first step; velocity is undefined exactly
///           if momentum is 0.
/// Cost      no MACs of the net; reads all operands, writes all but the gradient.
/// Errors    ArgumentError if the operands do not fit, a number is negative or not finite, or alpha
///           or momentum >= 1.
/// Source    Tieleman and Hinton 2012, lecture 6.5; PyTorch's form (epsilon outside of the root).
struct RmsPropUpdate {
  static constexpr std::string_view kName = "rmsprop_update";

  Tensor parameter;
  Tensor gradient;
  Tensor square_average;
  Tensor velocity{};
  double lr = 0;
  double alpha = 0.99;
  double epsilon = 1e-8;
  double momentum = 0;
  double weight_decay = 0;

  Device device() const { return parameter.device(); }
  DType dtype() const { return parameter.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<RmsPropUpdate>> implementations();
};

}  // namespace joule
