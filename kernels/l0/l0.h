// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

/// The valid range of sigma for a smooth L0 norm: normal numbers, since a denormal counts as zero,
/// whose sum with the square of any value is finite.
inline constexpr float kLeastSigma = 0x1p-126f, kMostSigma = 0x1p50f;
/// Errors    ArgumentError that names the op unless sigma is from kLeastSigma to kMostSigma.
void require_sigma(std::string_view op, float sigma);
/// Errors    ArgumentError that names the op unless cutoff is 0, or at least 1 and finite.
void require_cutoff(std::string_view op, float cutoff);

/// The smooth L0 norm requested of a ReLU's output, and the reach of its derivative.
///
/// sum_j x_j^2 / (x_j^2 + sigma) has the derivative 2 sigma x_j / (x_j^2 + sigma)^2.  It is largest
/// at sqrt(sigma/3) and falls with the third power of x_j, but is 0 only at 0: so it fills zeros of
/// a gradient that a backward pass would have skipped.  With a cutoff c, it is 0 where |x_j| > c
/// sqrt(sigma).  That is the derivative of the same norm with min(|x_j|, c sqrt(sigma)) for |x_j|,
/// which differs by less than 1 / (1 + c^2) per value; the part of the derivative left out is at
/// most 2 / (c^3 sqrt(sigma)), which is 3.1 / c^3 of the largest derivative.
struct SmoothL0 {
  float sigma = 0;   // 0: none is requested
  float cutoff = 0;  // in sqrt(sigma), at least 1; 0: none, the derivative reaches everywhere

  constexpr SmoothL0(float sigma = 0, float cutoff = 0) : sigma(sigma), cutoff(cutoff) {}
  friend bool operator==(const SmoothL0&, const SmoothL0&) = default;
};

namespace ops {

/// sum = sum_j x_j^2 / (x_j^2 + sigma): the smooth L0 norm in a pass of its own, for values that no
/// ReLU produced (Relu computes it in its own pass).
///
/// Shapes    x: any; f32.  sum: a scalar.
/// Cost      no MACs; reads x.
/// Errors    ArgumentError if dtypes or devices differ, sum is not a scalar, or sigma is out of
///           range.
/// Numerics  summed in double over fixed pieces: the same bits for any number of threads.  A value
///           whose square overflows, infinities included, counts as 1; NaN stays NaN.
/// Source    Lazzaro et al. 2023, arXiv:2307.00368, Eq. 2.
struct L0Sum {
  static constexpr std::string_view kName = "l0_sum";

  Tensor x;
  Tensor sum;
  float sigma = 0;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<L0Sum>> implementations();
};

/// grad_x_j = grad_sum * 2 sigma x_j / (x_j^2 + sigma)^2, and 0 beyond the cutoff: see SmoothL0
///
/// Shapes    x, grad_x: equal; f32.  grad_sum: a scalar.  grad_x may be x.
/// Cost      no MACs; reads x, writes grad_x.
/// Errors    ArgumentError if shapes, dtypes or devices differ, or sigma or cutoff is out of range.
/// Numerics  0 where x_j is infinite; NaN stays NaN.
struct L0SumGrad {
  static constexpr std::string_view kName = "l0_sum_grad";

  Tensor x;
  Tensor grad_sum;
  Tensor grad_x;
  float sigma = 0;
  float cutoff = 0;

  Device device() const { return x.device(); }
  DType dtype() const { return x.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<L0SumGrad>> implementations();
};

/// The penalty from the sums of the tapped layers:
///   value = sum_k weights_k * sums_k
/// Its gradient with respect to sums_k is Scale of grad_value by weights_k.
///
/// Shapes    sums: scalars, at least one; f32.  weights: as many.  value: a scalar.
/// Cost      no MACs; reads the sums.
/// Errors    ArgumentError if the numbers of sums and weights differ, or any tensor is not a
///           scalar of value's dtype and device.
/// Numerics  in double, in the order given.
struct L0Penalty {
  static constexpr std::string_view kName = "l0_penalty";

  std::vector<Tensor> sums;
  std::vector<float> weights;
  Tensor value;

  Device device() const { return value.device(); }
  DType dtype() const { return value.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<L0Penalty>> implementations();
};

}  // namespace ops

}  // namespace joule
