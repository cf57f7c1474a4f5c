// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// y[n,p,q,c] = max_{r,s} x[n, p*stride-padding+r, q*stride-padding+s, c] over the taps inside x.
/// The same pass writes y's zero mask and the position of each maximum.
///
/// Shapes    x [N,H,W,C], y [N,P,Q,C] (PoolShape); f32.  index: of index_shape(y), i32, or
///           undefined (inference).
/// Cost      no MACs; reads x, writes y (plus one bit per element) and the index.
/// Errors    ArgumentError if shapes, dtypes or devices disagree, for a geometry that pool_shape()
///           refuses, or if there is an index and more than 256 taps.
/// Numerics  exact.  The first of equal taps wins (row by row); NaN wins over everything, and the
///           last NaN over the others.
/// Source    torch.nn.MaxPool2d.
struct MaxPool2d {
  static constexpr std::string_view kName = "max_pool2d";

  Tensor x;
  Tensor y;
  /// Byte c%4 (lowest first) of word [n,p,q,c/4] is the tap r*kernel.w + s of channel c's maximum.
  Tensor index{};
  Size2 kernel{2}, stride{2}, padding{0};
  bool ceil_mode = false;

  /// The shape of the index for an output [N,P,Q,C]: [N,P,Q,ceil(C/4)].  One byte per element,
  /// since one i32 per element would be a third of the traffic of this op.
  static Shape index_shape(const Shape& y) { return {y[0], y[1], y[2], (y[3] + 3) / 4}; }

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<MaxPool2d>> implementations();
};

/// grad_x[n,h,w,c] = sum of grad_y[n,p,q,c] over the windows (p,q) whose maximum was there.
/// Writes every element of grad_x.
///
/// Shapes    index as MaxPool2d left it; grad_y [N,P,Q,C], grad_x [N,H,W,C]; f32.
/// Cost      no MACs; reads grad_y and the index, writes grad_x.
/// Errors    as MaxPool2d.
/// Numerics  adds windows row by row: the same bits for any number of threads.
struct MaxPool2dGrad {
  static constexpr std::string_view kName = "max_pool2d_grad";

  Tensor index;
  Tensor grad_y;
  Tensor grad_x;
  Size2 kernel{2}, stride{2}, padding{0};
  bool ceil_mode = false;

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<MaxPool2dGrad>> implementations();
};

}  // namespace ops

struct MaxPoolOptions {
  bool ceil_mode = false;  // also windows that end behind the padding: see PoolShape
};
/// The differentiable function.
Tensor max_pool2d(Tensor x, Size2 kernel, Size2 stride, Size2 padding = 0,
                  const MaxPoolOptions& options = {});

}  // namespace joule
