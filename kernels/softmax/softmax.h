// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

/// Over the last dimension: y[..,k] = exp(x[..,k]) / sum_j exp(x[..,j]), the operation Softmax, or
/// its logarithm, LogSoftmax.
///
/// Shapes    x, y: [..., K], equal; f32.  y may be x.
/// Cost      no MACs; reads x, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices differ, or x is a scalar.
/// Numerics  computed in double after subtracting the row's maximum: no overflow.  The logarithm is
///           taken of the sum alone, so it is accurate for small probabilities.  A row with a NaN
///           or +inf, or with only -inf, is NaN.
template <bool kLog>
struct SoftmaxOf {
  static constexpr std::string_view kName = kLog ? "log_softmax" : "softmax";

  Tensor x, y;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SoftmaxOf>> implementations();
};

/// softmax      grad_x = y * (grad_y - sum_j grad_y[j] * y[j])
/// log_softmax  grad_x = grad_y - exp(y) * sum_j grad_y[j]
///
/// Shapes    y, grad_y, grad_x: [..., K], equal; f32.  grad_x may be grad_y.
/// Cost      no MACs; reads y and grad_y, writes grad_x.
/// Errors    as SoftmaxOf.
/// Numerics  computed in double.
template <bool kLog>
struct SoftmaxOfGrad {
  static constexpr std::string_view kName = kLog ? "log_softmax_grad" : "softmax_grad";

  Tensor y;  // the output of SoftmaxOf
  Tensor grad_y, grad_x;

  Device device() const { return y.device(); }
  DType dtype() const { return y.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SoftmaxOfGrad>> implementations();
};

namespace ops {
using Softmax = SoftmaxOf<false>;
using LogSoftmax = SoftmaxOf<true>;
using SoftmaxGrad = SoftmaxOfGrad<false>;
using LogSoftmaxGrad = SoftmaxOfGrad<true>;
}  // namespace ops

/// The differentiable functions.  The result may overwrite an operand that is moved in.
/// (For a loss on the softmax, cross_entropy() does both at once.)
Tensor softmax(Tensor x);
Tensor log_softmax(Tensor x);

}  // namespace joule
