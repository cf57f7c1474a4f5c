// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// Group normalisation.  Over the M elements of image n in the channels of group g:
///   mean = sum x / M,   inv_std = 1 / sqrt(sum (x - mean)^2 / M + epsilon)
///   y = (x - mean) * inv_std * gamma + beta
/// With one group and no pixels, [N, C], it is layer normalisation; with C groups, instance
/// normalisation.
///
/// Shapes    x, y: [N, ..., C], rank >= 2, equal; y may be x.  gamma, beta: [C]; f32.
/// Cost      2 MACs per element (square and scale); reads x, gamma and beta, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices disagree, the groups do not divide C, or
///           epsilon is not above 0.
/// Numerics  computed in double; deviations are from the exact mean, so a group's offset does no
///           harm.  A group of one value gives beta.
/// Source    Wu and He 2018, arXiv:1803.08494; Ba et al. 2016, arXiv:1607.06450 (layer norm).
struct GroupNorm {
  static constexpr std::string_view kName = "group_norm";

  Tensor x, gamma, beta, y;
  std::int64_t groups = 1;
  float epsilon = 1e-5f;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<GroupNorm>> implementations();
};

/// With x' = (x - mean) * inv_std, h = grad_y * gamma, and means over the M elements of a group:
///   grad_x = inv_std * (h - mean(h) - x' * mean(h * x'))
///   grad_gamma[c] = sum grad_y * x',   grad_beta[c] = sum grad_y, over all but the channels
///
/// Shapes    x, grad_y, grad_x as GroupNorm's x; gamma, grad_gamma, grad_beta [C]; f32.  grad_x may
///           be grad_y.
/// Cost      5 MACs per element (square, h, h * x', and two for grad_x); reads x, gamma and grad_y,
///           writes the three gradients.
/// Errors    as GroupNorm.
/// Numerics  recomputes mean and inv_std in double; sums in double (on CUDA, those over the images
///           in float32), in an order that depends on the shape alone.
struct GroupNormGrad {
  static constexpr std::string_view kName = "group_norm_grad";

  Tensor x, gamma, grad_y;
  Tensor grad_x, grad_gamma, grad_beta;
  std::int64_t groups = 1;
  float epsilon = 1e-5f;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<GroupNormGrad>> implementations();
};

}  // namespace ops

/// The differentiable functions.  layer_norm() is group_norm() with one group for each row of
/// [..., C], and is accounted as GroupNorm.
Tensor group_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, std::int64_t groups,
                  float epsilon = 1e-5f);
Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, float epsilon = 1e-5f);

}  // namespace joule
