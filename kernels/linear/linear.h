// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// y[n,o] = bias[o] + sum_i x[n,i] * weight[o,i]
///
/// Shapes    x [N,I], weight [O,I], y [N,O], bias [O] or undefined; f32.  y must not be an input.
/// Cost      N*O*I MACs; each operand moved once.  A zero of x makes O of them skippable.
/// Errors    ArgumentError if shapes, dtypes or devices disagree.
/// Numerics  float32 products and sums; the order of summation depends on the implementation.
///           cpu.skip_zero does not multiply zeros of x (but all NaNs and infinities): where a zero
///           meets a weight that is not finite, it omits the NaN.  cublas rounds the operands as
///           far as Context::precision allows.  cpu.skip_zero_bf16_weights rounds the weights to
///           bf16: an error of at most 2^-8 sum_i |x[n,i] weight[o,i]|; sums are f32.
struct Linear {
  static constexpr std::string_view kName = "linear";

  Tensor x, weight;
  Tensor y;
  Tensor bias{};

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  TuningKey tuning_key() const;
  static std::span<const Implementation<Linear>> implementations();
};

/// grad_x[n,i] = sum_o grad_y[n,o] * weight[o,i]
///
/// Shapes    grad_y [N,O], weight [O,I], grad_x [N,I]; f32.
/// Cost      N*O*I MACs; each operand moved once.  A zero of grad_y makes I of them skippable.
/// Errors    ArgumentError if shapes, dtypes or devices disagree.
/// Numerics  as Linear, with grad_y for x.
struct LinearGradInput {
  static constexpr std::string_view kName = "linear_grad_input";

  Tensor grad_y, weight;
  Tensor grad_x;

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  void check() const;
  Work work() const;
  TuningKey tuning_key() const;
  static std::span<const Implementation<LinearGradInput>> implementations();
};

/// grad_weight[o,i] = sum_n grad_y[n,o] * x[n,i],   grad_bias[o] = sum_n grad_y[n,o]
///
/// Shapes    x [N,I], grad_y [N,O], grad_weight [O,I], grad_bias [O] or undefined; f32.
/// Cost      N*O*I MACs (the bias needs none); each operand moved once.  A MAC counts as skippable
///           if one given operand is 0: this operand is grad_y if the implementation skips by it,
///           and x otherwise.
/// Errors    ArgumentError if shapes, dtypes or devices disagree.
/// Numerics  as Linear; cpu.skip_zero_grad_y does not multiply zeros of grad_y.
struct LinearGradWeight {
  static constexpr std::string_view kName = "linear_grad_weight";

  Tensor x, grad_y;
  Tensor grad_weight;
  Tensor grad_bias{};

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  TuningKey tuning_key() const;
  static std::span<const Implementation<LinearGradWeight>> implementations();
};

}  // namespace ops

/// The differentiable function.  x [N, in], weight [out, in], bias [out] or undefined.
Tensor linear(Tensor x, const Tensor& weight, const Tensor& bias = {});

}  // namespace joule
