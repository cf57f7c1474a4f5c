// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/random.h"
#include "joule/core/tensor.h"

namespace joule {

/// The factor of a kept element; 0 instead of infinity if none is kept.
template <class T>
constexpr T dropout_scale(T probability) {
  return probability < 1 ? 1 / (1 - probability) : 0;
}

namespace ops {

/// y_i = x_i / (1 - p) if u_i >= p, else 0, with u_i uniform in [0, 1); writes y's zero mask.
///   u_i = to_uniform(philox(random.seed, random.next + j/4)[j%4]),   j = skip + i
/// The same `random` drops the same elements on any device, so the gradient is this op applied to
/// grad_y with the `random` of the forward pass: nothing is stored.
///
/// Shapes    x, y: any, equal; f32.  y may be x.  `random` has (skip + numel + 3) / 4 counters
///           reserved.
/// Cost      no MACs; reads x, writes y (and one bit per element).
/// Errors    ArgumentError if shapes, dtypes or devices differ, p is outside [0, 1], or
///           skip is outside 0 to 3 (CUDA: is not 0).
/// Numerics  one rounding, of x * (1 / (1 - p)); a dropped NaN becomes 0, a kept one stays NaN.
///           p = 1 drops all: y is 0, and so is the gradient (as torch.nn.Dropout(1)).
/// Source    Srivastava et al. 2014, "Dropout" (inverted: scaled while training).
struct Dropout {
  static constexpr std::string_view kName = "dropout";

  Tensor x;
  Tensor y;
  float probability = 0.5f;
  RandomState random{};
  int skip = 0;  // words of the first counter that are not x's: x is a part of what is drawn for

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Dropout>> implementations();
};

}  // namespace ops

/// The differentiable function: x * keep / (1 - probability), with `keep` drawn from `generator`.
/// The result may overwrite an operand that is moved in.  Where x [N, ...] are the images of a
/// share of a batch (see core/batch_share.h), it draws for the whole batch and takes the numbers of
/// these.
Tensor dropout(Tensor x, float probability, Generator& generator = default_generator());

}  // namespace joule
