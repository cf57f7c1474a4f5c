// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>

#include "joule/core/autograd/autograd.h"
#include "joule/core/op.h"
#include "joule/core/tensor.h"
#include "joule/kernels/l0/l0.h"

namespace joule {

namespace ops {

/// y = x where x > threshold, else 0: with threshold 0, max(x, 0).  The same pass writes y's zero
/// mask, its count of non-zeros and, on request, the smooth L0 norm
///   l0_sum = sum_j y_j^2 / (y_j^2 + sigma).
///
/// Shapes    x, y: any, equal; f32.  l0_sum: a scalar, or undefined.  y may be x.
/// Cost      no MACs; reads x, writes y (and one bit per element).
/// Errors    ArgumentError if shapes, dtypes or devices differ, the threshold is negative or not
///           finite, or l0_sum is requested with a sigma out of L0Sum's range.
/// Numerics  exact; NaN stays NaN and counts as non-zero.  l0_sum is summed in double over fixed
///           pieces: the same bits for any number of threads.  A value whose square overflows
///           counts as 1, as in L0Sum.
/// Source    Lazzaro et al. 2023, arXiv:2307.00368, Eq. 2 (the smooth L0).
struct Relu {
  static constexpr std::string_view kName = "relu";

  Tensor x;
  Tensor y;
  float sigma = 0;
  Tensor l0_sum{};
  float threshold = 0;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Relu>> implementations();
};

/// grad_x = (grad_y + grad_l0 * 2 sigma y / (y^2 + sigma)^2) where y > 0, else 0; the second term
/// only up to the cutoff (see SmoothL0).  Writes grad_x's zero mask.
///
/// Shapes    y, grad_y, grad_x: equal; f32.  y may be undefined if `y_mask` is its mask and there
/// is
///           no penalty.  grad_l0: a scalar, or undefined (no penalty).  grad_x may be grad_y.
/// Cost      no MACs; reads grad_y and y (without a penalty only its mask), writes grad_x.
/// Errors    ArgumentError if shapes, dtypes or devices differ, or if with grad_l0 sigma is out of
///           L0Sum's range, or cutoff out of its own.
/// Source    derivative of the smooth L0; see Relu.
struct ReluGrad {
  static constexpr std::string_view kName = "relu_grad";

  Tensor y;  // the output of Relu
  Tensor grad_y;
  Tensor grad_x;
  float sigma = 0;
  Tensor grad_l0{};
  float cutoff = 0;
  std::shared_ptr<const ZeroMask> y_mask{};

  Device device() const { return grad_y.device(); }
  DType dtype() const { return grad_y.dtype(); }
  /// Of y; null if it is not known.
  std::shared_ptr<const ZeroMask> mask() const { return y ? y.zero_mask() : y_mask; }
  void check() const;
  Work work() const;
  static std::span<const Implementation<ReluGrad>> implementations();
};

}  // namespace ops

/// Errors    ArgumentError that names the op unless threshold is finite and not negative.
void require_threshold(std::string_view op, float threshold);

/// Errors    ArgumentError that names the op unless the mask has t's pixels and channels.
void require_mask_of(std::string_view op, const ZeroMask& mask, std::string_view name,
                     const Tensor& t);

/// A ReLU's output, and its smooth L0 norm if requested (see ops::Relu), both differentiable.
struct ReluOutput {
  Tensor y;
  Tensor l0_sum{};
};
/// The differentiable functions.  The result may overwrite an operand that is moved in.
Tensor relu(Tensor x);
ReluOutput relu_with_l0(Tensor x, const SmoothL0& l0, float threshold = 0);

/// What the backward pass needs of the output of a ReLU: with a penalty its values, else its mask
/// alone, so that nothing keeps the values, and they may be overwritten.
class SavedRelu {
 public:
  SavedRelu(const Tensor& y, const SmoothL0& l0);
  /// The gradient of relu_with_l0()'s input from those of its `y` and its l0_sum; either may be
  /// undefined, which means zero everywhere.  May overwrite the gradient of y.
  Tensor backward(std::span<const Tensor> grads) const;
  /// If that is all that the gradient of y needs; else null.
  const std::shared_ptr<const ZeroMask>& mask() const { return mask_; }

 private:
  Saved y_;  // undefined if the mask will do
  std::shared_ptr<const ZeroMask> mask_;
  Shape shape_;
  SmoothL0 l0_;
};

}  // namespace joule
