// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// y[n,p,q,c] = (1/count) sum_{r,s} x[n, p*stride-padding+r, q*stride-padding+s, c] over the taps
/// inside x.  With count_include_pad, count is the number of taps inside x and its padding
/// (kernel.h * kernel.w, except for windows that ceil_mode lets end behind the padding); without,
/// of those inside x.
///
/// Shapes    x [N,H,W,C], y [N,P,Q,C] (PoolShape); f32.
/// Cost      no MACs (sums and one division per output); reads x, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices disagree, or for a geometry that
///           pool_shape() refuses.
/// Source    torch.nn.AvgPool2d.
/// Numerics  adds taps row by row in float32, then divides: the same bits for every
///           implementation and any number of threads.
struct AvgPool2d {
  static constexpr std::string_view kName = "avg_pool2d";

  Tensor x;
  Tensor y;
  Size2 kernel{2}, stride{2}, padding{0};
  bool count_include_pad = true;
  bool ceil_mode = false;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<AvgPool2d>> implementations();
};

/// grad_x[n,h,w,c] = sum of grad_y[n,p,q,c] / count(p,q) over the windows that cover (h,w).
/// Writes every element of grad_x.
///
/// Shapes    grad_y [N,P,Q,C], grad_x [N,H,W,C]; f32.
/// Cost      no MACs; reads grad_y, writes grad_x.
/// Errors    as AvgPool2d.
/// Numerics  adds windows row by row; as AvgPool2d.
struct AvgPool2dGrad {
  static constexpr std::string_view kName = "avg_pool2d_grad";

  Tensor grad_y;
  Tensor grad_x;
  Size2 kernel{2}, stride{2}, padding{0};
  bool count_include_pad = true;
  bool ceil_mode = false;

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<AvgPool2dGrad>> implementations();
};

}  // namespace ops

struct AvgPoolOptions {
  bool ceil_mode = false;
  bool count_include_pad = true;  // count the taps in the padding, too
};
/// The differentiable function.
Tensor avg_pool2d(Tensor x, Size2 kernel, Size2 stride, Size2 padding = 0,
                  const AvgPoolOptions& options = {});

}  // namespace joule
