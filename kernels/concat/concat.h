// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// y[..., c] = the xs concatenated along the last dimension (channels).
///
/// Shapes    xs: one or more, [..., C_k], equal but for C_k; y [..., sum C_k]; f32.
/// Cost      no MACs; reads the xs, writes y.
/// Errors    ArgumentError if there is no x, or shapes, dtypes or devices disagree.
struct Concat {
  static constexpr std::string_view kName = "concat";

  std::vector<Tensor> xs;
  Tensor y;

  Device device() const { return y.device(); }
  DType dtype() const { return y.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Concat>> implementations();
};

/// grad_xs[k] = the channels of grad_y that came from xs[k].
///
/// Shapes    as Concat; every grad_xs[k] is written.
/// Cost      no MACs; reads grad_y, writes the grad_xs.
/// Errors    as Concat.
struct ConcatGrad {
  static constexpr std::string_view kName = "concat_grad";

  Tensor grad_y;
  std::vector<Tensor> grad_xs;

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<ConcatGrad>> implementations();
};

}  // namespace ops

/// The differentiable function, along the channels.
Tensor concat(std::span<const Tensor> xs);

}  // namespace joule
