// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

enum class PointwiseFunction { sigmoid, tanh, leaky_relu, gelu, silu, hard_swish, elu, erf };

constexpr std::string_view name(PointwiseFunction function) {
  constexpr std::string_view kNames[] = {"sigmoid", "tanh",       "leaky_relu", "gelu",
                                         "silu",    "hard_swish", "elu",        "erf"};
  return kNames[static_cast<int>(function)];
}
constexpr std::string_view grad_name(PointwiseFunction function) {
  constexpr std::string_view kNames[] = {"sigmoid_grad", "tanh_grad", "leaky_relu_grad",
                                         "gelu_grad",    "silu_grad", "hard_swish_grad",
                                         "elu_grad",     "erf_grad"};
  return kNames[static_cast<int>(function)];
}
/// Whether the derivative is computed from the function's value rather than its argument.
constexpr bool grad_from_value(PointwiseFunction function) {
  return function == PointwiseFunction::sigmoid || function == PointwiseFunction::tanh;
}

/// y = f(x), elementwise: the operations Sigmoid, Tanh, LeakyRelu, Gelu, Silu, HardSwish, Elu and
/// Erf:
///   sigmoid     1 / (1 + exp(-x))
///   tanh        tanh(x)
///   leaky_relu  x where x > 0, else slope * x
///   gelu        x * P(x), P(x) = erfc(-x / sqrt(2)) / 2, the standard normal distribution
///   silu        x * sigmoid(x)
///   hard_swish  x * min(max(x + 3, 0), 6) / 6
///   elu         x where x > 0, else slope * (exp(x) - 1)
///   erf         2 / sqrt(pi) * the integral of exp(-t^2) from 0 to x
///
/// Shapes    x, y: any, equal; f32.  y may be x.
/// Cost      no MACs; reads x, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices differ, or the slope is not finite.
/// Numerics  the relative error is at most 8 units in the last place; for gelu x^2 more, because
///           exp(-x^2 / 2) has that.  An exponential below 2^-126 counts as 0.  NaN stays NaN;
///           gelu, silu and hard_swish of -inf are NaN.
/// Source    Maas et al. 2013 (leaky ReLU); Hendrycks and Gimpel 2016, arXiv:1606.08415 (GELU);
///           Elfwing et al. 2017, arXiv:1702.03118 (SiLU); Howard et al. 2019, arXiv:1905.02244
///           (hard-swish); Clevert et al. 2015, arXiv:1511.07289 (ELU, whose alpha is the slope).
template <PointwiseFunction kFunction>
struct Pointwise {
  static constexpr std::string_view kName = name(kFunction);

  Tensor x, y;
  float slope = 0.01f;  // of leaky_relu and elu

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Pointwise>> implementations();
};

/// grad_x = grad_y * f'(x), computed from at = f(x) for sigmoid and tanh, else from at = x:
///   sigmoid     at * (1 - at)
///   tanh        1 - at^2
///   leaky_relu  1 where at > 0, else slope
///   gelu        P(at) + at * exp(-at^2 / 2) / sqrt(2 pi)
///   silu        s * (1 + at * (1 - s)), s = sigmoid(at)
///   hard_swish  0 where at <= -3, 1 where at >= 3, else (2 at + 3) / 6
///   elu         1 where at > 0, else slope * exp(at)
///   erf         2 / sqrt(pi) * exp(-at^2)
///
/// Shapes    at, grad_y, grad_x: equal; f32.  grad_x may be grad_y.
/// Cost      no MACs; reads at and grad_y, writes grad_x.
/// Errors    as Pointwise.
/// Numerics  f' to within 8 units in the last place of 1; for gelu x^2 more.  f' of an infinite x
///           is NaN for gelu and silu.
template <PointwiseFunction kFunction>
struct PointwiseGrad {
  static constexpr std::string_view kName = grad_name(kFunction);

  Tensor at, grad_y, grad_x;
  float slope = 0.01f;

  Device device() const { return at.device(); }
  DType dtype() const { return at.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<PointwiseGrad>> implementations();
};

namespace ops {
using Sigmoid = Pointwise<PointwiseFunction::sigmoid>;
using Tanh = Pointwise<PointwiseFunction::tanh>;
using LeakyRelu = Pointwise<PointwiseFunction::leaky_relu>;
using Gelu = Pointwise<PointwiseFunction::gelu>;
using Silu = Pointwise<PointwiseFunction::silu>;
using HardSwish = Pointwise<PointwiseFunction::hard_swish>;
using Elu = Pointwise<PointwiseFunction::elu>;
using Erf = Pointwise<PointwiseFunction::erf>;
using SigmoidGrad = PointwiseGrad<PointwiseFunction::sigmoid>;
using TanhGrad = PointwiseGrad<PointwiseFunction::tanh>;
using LeakyReluGrad = PointwiseGrad<PointwiseFunction::leaky_relu>;
using GeluGrad = PointwiseGrad<PointwiseFunction::gelu>;
using SiluGrad = PointwiseGrad<PointwiseFunction::silu>;
using HardSwishGrad = PointwiseGrad<PointwiseFunction::hard_swish>;
using EluGrad = PointwiseGrad<PointwiseFunction::elu>;
using ErfGrad = PointwiseGrad<PointwiseFunction::erf>;
}  // namespace ops

/// The differentiable functions.  An operand that is moved in may be overwritten by the result.
Tensor sigmoid(Tensor x);
Tensor tanh(Tensor x);
Tensor leaky_relu(Tensor x, float slope = 0.01f);
Tensor gelu(Tensor x);
Tensor silu(Tensor x);
Tensor hard_swish(Tensor x);
Tensor elu(Tensor x, float alpha = 1);
Tensor erf(Tensor x);

}  // namespace joule
