// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// y[n,c] = (1 / (H*W)) sum_{h,w} x[n,h,w,c]
///
/// Shapes    x [N,H,W,C] with H, W >= 1, y [N,C]; f32.
/// Cost      no MACs (sums and one division per output); reads x, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices disagree.
/// Numerics  adds pixels row by row in float32, then divides: the same bits for every
///           implementation and any number of threads.
struct GlobalAvgPool {
  static constexpr std::string_view kName = "global_avg_pool";

  Tensor x;
  Tensor y;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<GlobalAvgPool>> implementations();
};

/// grad_x[n,h,w,c] = grad_y[n,c] / (H*W)
///
/// Shapes    grad_y [N,C], grad_x [N,H,W,C]; f32.
/// Cost      no MACs; reads grad_y, writes grad_x.
/// Errors    as GlobalAvgPool.
struct GlobalAvgPoolGrad {
  static constexpr std::string_view kName = "global_avg_pool_grad";

  Tensor grad_y;
  Tensor grad_x;

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<GlobalAvgPoolGrad>> implementations();
};

}  // namespace ops

/// The differentiable function.
Tensor global_avg_pool(Tensor x);

}  // namespace joule
