// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// y = factor * x, or factor * by * x; `by` is read when the op runs, not when it is queued.
///
/// Shapes    x, y: any, equal; f32.  y may be x.  by: a scalar like x, or undefined.
/// Cost      no MACs; reads x, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices differ, or by is not a scalar.
struct Scale {
  static constexpr std::string_view kName = "scale";

  Tensor x;
  Tensor y;
  float factor = 1;
  Tensor by{};

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Scale>> implementations();
};

/// sum = sum_j x_j^2
///
/// Shapes    x: any; f32.  sum: a scalar of f64 (the square of a large float overflows float).
/// Cost      no MACs; reads x.
/// Errors    ArgumentError if sum is not an f64 scalar on x's device.
/// Numerics  squares and sums in double over fixed pieces: the same bits for any number of threads.
///           NaN or inf if and only if x has one (for f32).
struct SquaredNorm {
  static constexpr std::string_view kName = "squared_norm";

  Tensor x;
  Tensor sum;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<SquaredNorm>> implementations();
};

}  // namespace ops

/// Whether no element of `x` (f32) is NaN or infinite.
///
/// Cost      one SquaredNorm.
/// Errors    ArgumentError if x is not f32.
bool all_finite(const Tensor& x);

/// The differentiable function: factor * x, factor a scalar that gets no gradient.  It is read when
/// the operation runs, not when it is queued, so it may change between the runs of a captured step.
/// The result may overwrite an operand that is moved in.
Tensor scale(Tensor x, const Tensor& factor);

}  // namespace joule
