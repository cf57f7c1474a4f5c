// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

// The update rules: one pass over parameters and their optimiser state, in place.  An operation
// takes any number of parameters, because on a GPU one launch per parameter would take longer than
// most updates.  A parameter may have any shape; each list holds a tensor like it at the same
// index.  All are f32 on one device.  Elementwise: the same bits for any number of threads, and
// whatever else the call updates.  Numbers are rounded to the tensors' dtype where they meet it.

namespace ops {

/// Stochastic gradient descent with momentum:
///   g = gradient + weight_decay * parameter
///   velocity = momentum * velocity + (1 - dampening) * g      (if velocities are given)
///   d = nesterov ? g + momentum * velocity : velocity         (without velocities: g)
///   parameter -= lr * d
///
/// Shapes    velocities: zeros before the first step; given if and only if momentum is not 0.
/// Cost      no MACs of the net; reads all operands, writes parameters and velocities.
/// Errors    ArgumentError if there are no parameters, the operands do not fit, a number is
///           negative or not finite, momentum >= 1, dampening > 1, or nesterov without momentum or
///           with dampening.
/// Source    Sutskever et al. 2013, in the form of torch.optim.SGD (lr multiplies the velocity when
///           applied; the first velocity is not damped: there the caller passes a dampening of 0).
struct SgdUpdate {
  static constexpr std::string_view kName = "sgd_update";

  std::vector<Tensor> parameters;
  std::vector<Tensor> gradients;
  std::vector<Tensor> velocities{};
  double lr = 0;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
  double dampening = 0;

  Device device() const { return parameters.front().device(); }
  DType dtype() const { return parameters.front().dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SgdUpdate>> implementations();
};

/// Adam, or AdamW if `decoupled`:
///   g = gradient + (decoupled ? 0 : weight_decay * parameter)
///   first_moment  = beta1 * first_moment  + (1 - beta1) * g
///   second_moment = beta2 * second_moment + (1 - beta2) * g^2
///   max_second_moment = max(max_second_moment, second_moment) (if those are given: AMSGrad)
///   m = first_moment / (1 - beta1^step)
///   v = (max_second_moment or second_moment) / (1 - beta2^step)
///   parameter -= lr * (m / (sqrt(v) + epsilon) + (decoupled ? weight_decay * parameter : 0))
///
/// Shapes    first_moments, second_moments, max_second_moments: zeros before step 1.
/// Cost      no MACs of the net; reads all operands, writes all but the gradients.
/// Errors    ArgumentError if there are no parameters, the operands do not fit, a number is
///           negative or not finite, a beta is >= 1, or step < 1.
/// Source    Kingma and Ba 2015, arXiv:1412.6980; Loshchilov and Hutter 2019, arXiv:1711.05101;
///           AMSGrad: Reddi et al. 2018, arXiv:1904.09237, in the form of torch.optim.Adam (the
///           maximum is taken of the moments before bias correction).
struct AdamUpdate {
  static constexpr std::string_view kName = "adam_update";

  std::vector<Tensor> parameters;
  std::vector<Tensor> gradients;
  std::vector<Tensor> first_moments;
  std::vector<Tensor> second_moments;
  std::vector<Tensor> max_second_moments{};
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;
  std::int64_t step = 1;  // the same for all parameters; counts from 1

  Device device() const { return parameters.front().device(); }
  DType dtype() const { return parameters.front().dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<AdamUpdate>> implementations();
};

/// RMSProp:
///   g = gradient + weight_decay * parameter
///   square_average = alpha * square_average + (1 - alpha) * g^2
///   gradient_average = alpha * gradient_average + (1 - alpha) * g  (if those are given: centred)
///   d = g / (sqrt(square_average - gradient_average^2) + epsilon)  (not centred: without it)
///   velocity = momentum * velocity + d                             (if velocities are given)
///   parameter -= lr * (velocities are given ? velocity : d)
///
/// Shapes    square_averages, gradient_averages, velocities: zeros before the first step;
///           velocities are given if and only if momentum is not 0.
/// Cost      no MACs of the net; reads all operands, writes all but the gradients.
/// Errors    ArgumentError if there are no parameters, the operands do not fit, a number is
///           negative or not finite, or alpha or momentum >= 1.
/// Numerics  if rounding makes the radicand negative, 0 is used.
/// Source    Tieleman and Hinton 2012, lecture 6.5; centred: Graves 2013, arXiv:1308.0850,
///           Eq. 38-45; in the form of torch.optim.RMSprop (epsilon outside
///           of the root).
struct RmsPropUpdate {
  static constexpr std::string_view kName = "rmsprop_update";

  std::vector<Tensor> parameters;
  std::vector<Tensor> gradients;
  std::vector<Tensor> square_averages;
  std::vector<Tensor> velocities{};
  std::vector<Tensor> gradient_averages{};
  double lr = 0;
  double alpha = 0.99;
  double epsilon = 1e-8;
  double momentum = 0;
  double weight_decay = 0;

  Device device() const { return parameters.front().device(); }
  DType dtype() const { return parameters.front().dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<RmsPropUpdate>> implementations();
};

}  // namespace ops

}  // namespace joule
