// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"
#include "joule/kernels/relu/relu.h"

namespace joule {

/// How a window moves over an image.  groups == in channels: depthwise.
struct ConvParams {
  Size2 stride{1};
  Size2 padding{0};
  Size2 dilation{1};
  std::int64_t groups = 1;
};

/// The extent of the output: floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
///
/// Errors    ArgumentError if stride or dilation is < 1, padding < 0, any of them or the kernel
///           exceeds kMostOfWindow, or the output would be empty.
Size2 conv_output_size(Size2 in, Size2 kernel, const ConvParams& params);

namespace ops {

/// y[n,p,q,o] = bias[o] + sum_{r,s,c} w[o,r,s,c] *
///              x[n, p*stride.h - padding.h + r*dilation.h, q*stride.w - padding.w + s*dilation.w,
///                g*C/groups + c]
/// where g is o's group and x is 0 outside the image.  With `relu`, the same pass also applies y =
/// y > threshold ? y : 0 and writes y's zero mask and, on request, its smooth L0 norm (see Relu).
///
/// Shapes    x [N,H,W,C], weight [O,kh,kw,C/groups], bias [O] or undefined, y [N,P,Q,O]; f32.
///           l0_sum: a scalar or undefined; only with relu.  y must not be an input.
/// Cost      one MAC per (n,p,q,o,r,s,c) whose tap falls inside x; padding is free.  A MAC is
///           skippable if its x is 0.
/// Errors    ArgumentError if x and weight disagree on channels, groups do not divide them, a
///           stride or dilation is < 1, or y does not have the shape that follows.
/// Numerics  float32 products and sums.  The order of summation depends on the implementation: for
///           rows cpu.* on the shape and the instruction set alone; for CUDA on the shape alone,
///           except that cuDNN's also depends on the device, and so does cuda.skip_zero_lists'
///           l0_sum (on how much shared memory a block can have).  An implementation may multiply
///           padding as zeros: a weight that is not finite then makes NaN at the border.  Rows
///           *.skip_zero* do not multiply zeros of x (but all NaNs and infinities): where a zero
///           meets a weight that is not finite, they omit the NaN.  Rows *_bf16_weights round w to
///           the nearest bf16, which adds an error of at most 2^-8 sum |w x|; a weight from 2^128
///           (1 - 2^-9) on becomes infinite, NaN stays NaN.  Rows cpu.winograd*, which run only if
///           Context::algorithms allows them, have the errors of cpu/winograd/winograd.h: they
///           scale with the largest inputs near an output, not with its own products, and an
///           infinity makes NaN.  They compute (m + 2)^2 / m^2 products instead of 9 per output;
///           the MACs counted are still those of the definition.
/// Source    Chetlur et al. 2014, arXiv:1410.0759.
struct Conv2d {
  static constexpr std::string_view kName = "conv2d";

  Tensor x, weight, y;
  Tensor bias{};
  ConvParams params{};
  bool relu = false;
  float sigma = 0;  // of the smooth L0
  Tensor l0_sum{};
  float threshold = 0;  // of the ReLU

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  TuningKey tuning_key() const;
  static std::span<const Implementation<Conv2d>> implementations();
};

/// grad_x[n,h,w,c] = sum of grad_y[n,p,q,o] * w[o,r,s,c] over the MACs of Conv2d that read
/// x[n,h,w,c]: the transposed convolution of grad_y.
///
/// If x is the output of a ReLU, the gradient is not used where x is 0.  The zeros of `wanted` (x
/// itself, say) mark these elements; each of them gets its gradient or 0, whichever is cheaper for
/// the implementation.  All others get their gradients.
///
/// Shapes    grad_y [N,P,Q,O], weight [O,kh,kw,C/groups], grad_x [N,H,W,C], wanted as grad_x or
///           undefined; f32.  grad_x must not be an input.
/// Cost      the MACs of Conv2d.  A MAC is skippable if its grad_y is 0; or, with `wanted`, if the
///           element that it adds to is not wanted.  Only one of these two kinds is counted: the
///           one that the implementation skips; if it skips neither, the one with more MACs.
///           Reads grad_y and weight, and of `wanted` one bit per element.
/// Errors    as Conv2d; ArgumentError if wanted does not have the shape of grad_x.
/// Numerics  as Conv2d, with grad_y for x.
struct Conv2dGradInput {
  static constexpr std::string_view kName = "conv2d_grad_input";

  Tensor grad_y, weight, grad_x;
  Tensor wanted{};
  ConvParams params{};

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  void check() const;
  Work work() const;
  TuningKey tuning_key() const;
  static std::span<const Implementation<Conv2dGradInput>> implementations();
};

/// grad_weight[o,r,s,c] = sum of grad_y[n,p,q,o] * x over the MACs of Conv2d that read w[o,r,s,c]
/// grad_bias[o] = sum_{n,p,q} grad_y[n,p,q,o]
///
/// Shapes    x [N,H,W,C], grad_y [N,P,Q,O], grad_weight as weight, grad_bias [O] or undefined; f32.
/// Cost      the MACs of Conv2d; the bias needs none.  A MAC counts as skippable if one given
///           operand is 0: grad_y if the implementation skips by it, otherwise x.
/// Errors    as Conv2d.
/// Numerics  as Conv2d; cpu.skip_zero_x also pads grad_y with zeros that it multiplies: an x
///           that is not finite then makes NaN for taps that do not meet it.
struct Conv2dGradWeight {
  static constexpr std::string_view kName = "conv2d_grad_weight";

  Tensor x, grad_y, grad_weight;
  Tensor grad_bias{};
  ConvParams params{};

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  TuningKey tuning_key() const;
  static std::span<const Implementation<Conv2dGradWeight>> implementations();
};

}  // namespace ops

/// The differentiable functions.  bias may be undefined.
Tensor conv2d(Tensor x, const Tensor& weight, const Tensor& bias = {},
              const ConvParams& params = {});
/// relu(conv2d(...)) in one pass.
ReluOutput conv2d_relu(Tensor x, const Tensor& weight, const Tensor& bias, const ConvParams& params,
                       const SmoothL0& l0 = {}, float threshold = 0);

}  // namespace joule
