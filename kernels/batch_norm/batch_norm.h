// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/batch_share.h"
#include "joule/core/op.h"
#include "joule/core/tensor.h"
#include "joule/kernels/relu/relu.h"

namespace joule {

namespace ops {

/// Batch normalisation in training.  Over the M = numel/C elements of each channel c:
///   mean = sum x / M,   var = sum (x - mean)^2 / M,   inv_std = 1 / sqrt(var + epsilon)
///   y = (x - mean) * inv_std * gamma + beta
///   running_mean += momentum * (mean - running_mean)
///   running_var  += momentum * (var * M/(M-1) - running_var)
/// With `gather`, M counts the elements of all shares of the batch, of which x is one.
/// With `addend`, y = (x - mean) * inv_std * gamma + beta + addend, as where a residual block ends.
/// With `relu` the same pass does to y what ops::Relu does: threshold, zero mask, l0_sum.
///
/// Shapes    x, y: [..., C], rank >= 2, equal; y may be x.  addend: as x, or undefined; may be y.
///           gamma, beta, mean, mean_rest, inv_std: [C].  running_mean, running_var: [C], both or
///           neither; f32.  l0_sum: a scalar, or undefined.
/// Cost      2 MACs per element (square and scale), 1 per channel, 3 with running statistics;
///           reads x and addend, writes y, with `relu` one bit per element.
/// Errors    ArgumentError if shapes, dtypes or devices disagree, epsilon <= 0, momentum outside
///           [0, 1], or M < 2 (one value has no variance); with `gather` off the CPU; as ops::Relu.
/// Numerics  a channel's offset is not rounded into y: y subtracts the mean in two parts, mean +
///           mean_rest, so only deviations are rounded.  The reference sums in double.  cpu.simd
///           sums blocks of rows twice in float32, first about the block's first row, then about
///           its mean, and merges the blocks in double (Chan) over fixed pieces: the same bits for
///           any number of threads.  Those of several shares are merged in their order.  CUDA sums
///           x and its square in double, as deviations from the channel's first value, over pieces
///           that depend on the shape alone.  The bits are those of norm, sum and ReLU apart.
/// Source    Ioffe and Szegedy 2015, arXiv:1502.03167, Alg. 1; Chan et al. 1983.
struct BatchNorm {
  static constexpr std::string_view kName = "batch_norm";

  Tensor x, gamma, beta;
  Tensor y;
  Tensor mean, mean_rest, inv_std;  // written, for BatchNormGrad; the rest is what rounding the
                                    // mean to its dtype has left
  Tensor running_mean{}, running_var{};  // updated in place
  float epsilon = 1e-5f, momentum = 0.1f;
  const GatherNumbers* gather = nullptr;  // null: x is the batch
  Tensor addend{}, l0_sum{};
  bool relu = false;
  float sigma = 0, threshold = 0;  // see ops::Relu

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<BatchNorm>> implementations();
};

/// y = (x - running_mean) * gamma / sqrt(running_var + epsilon) + beta
///
/// Shapes    x, y: [..., C], rank >= 2, equal; y may be x.  The others [C]; f32.
/// Cost      1 MAC per element; reads x, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices disagree, or epsilon <= 0.
struct BatchNormInference {
  static constexpr std::string_view kName = "batch_norm_inference";

  Tensor x, gamma, beta, running_mean, running_var;
  Tensor y;
  float epsilon = 1e-5f;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<BatchNormInference>> implementations();
};

/// The gradients of BatchNormInference, whose statistics are constants (frozen).  With
/// inv_std = 1 / sqrt(running_var + epsilon) and sums over all elements of the channel:
///   grad_x = grad_y * gamma * inv_std
///   grad_beta = sum grad_y,   grad_gamma = sum grad_y * (x - running_mean) * inv_std
///
/// Shapes    x, grad_y, grad_x: [..., C], equal; grad_x may be grad_y.  The others [C]; f32.
/// Cost      2 MACs per element and 2 per channel; reads x and grad_y, writes grad_x.
/// Errors    ArgumentError if shapes, dtypes or devices disagree, or epsilon <= 0.
/// Numerics  as BatchNormGrad; sums over no elements are 0.
/// Source    the derivative of BatchNormInference; torch.nn.BatchNorm2d has the same after eval().
struct BatchNormInferenceGrad {
  static constexpr std::string_view kName = "batch_norm_inference_grad";

  Tensor x, gamma, running_mean, running_var, grad_y;
  Tensor grad_x, grad_gamma, grad_beta;
  float epsilon = 1e-5f;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<BatchNormInferenceGrad>> implementations();
};

/// The gradients of BatchNorm.  With sums over the M elements of the channel and
/// x^ = (x - mean) * inv_std, where the mean is mean + mean_rest:
///   grad_beta = sum grad_y,   grad_gamma = sum grad_y * x^
///   grad_x = gamma * inv_std * (grad_y - grad_beta / M - x^ * grad_gamma / M)
/// With `gather`, the M elements and both sums of the last line are those of all shares of the
/// batch; the gradients that are written are this share's part.
/// With `relu_mask`, which a BatchNorm with `relu` wrote, grad_y counts only where that has a bit.
///
/// Shapes    x, grad_y, grad_x: [..., C], equal; grad_x may be grad_y.  relu_mask: as x, or null.
///           The others [C]; f32.
/// Cost      3 MACs per element and 3 per channel; reads x, grad_y and mask, writes grad_x.
/// Errors    ArgumentError if shapes, dtypes or devices disagree, or x is empty.
/// Numerics  sums rows in float32 by blocks (CUDA and the reference in double), and blocks in
///           double over fixed pieces: the same bits for any number of threads.
/// Source    Ioffe and Szegedy 2015, arXiv:1502.03167, section 3.
struct BatchNormGrad {
  static constexpr std::string_view kName = "batch_norm_grad";

  Tensor x, gamma, mean, mean_rest, inv_std, grad_y;
  Tensor grad_x, grad_gamma, grad_beta;
  const GatherNumbers* gather = nullptr;  // null: x is the batch
  std::shared_ptr<const ZeroMask> relu_mask{};

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<BatchNormGrad>> implementations();
};

}  // namespace ops

struct BatchNormOptions {
  float epsilon = 1e-5f;
  float momentum = 0.1f;  // of the running statistics: new = (1 - momentum) old + momentum batch
};
/// The differentiable function.  In training it runs BatchNorm, which uses batch statistics and
/// updates the running ones; otherwise BatchNormInference, whose gradient treats the running
/// statistics as constants, for fine-tuning with frozen statistics.  On a share of a batch (see
/// core/batch_share.h) the statistics are the whole batch's if there is a way to gather them.
Tensor batch_norm(Tensor x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean,
                  const Tensor& running_var, bool training, const BatchNormOptions& options = {});

/// relu_with_l0(batch_norm(x, ..., true) + addend) in one pass; `addend` may be undefined.
ReluOutput batch_norm_relu(Tensor x, const Tensor& gamma, const Tensor& beta,
                           const Tensor& running_mean, const Tensor& running_var,
                           const BatchNormOptions& options, const SmoothL0& l0, float threshold = 0,
                           const Tensor& addend = {});

}  // namespace joule
