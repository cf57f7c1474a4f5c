// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/l0/l0_reference.h"

// For kernels; l0_reference.h explains the formulas.  Does not use fminf(), which drops a NaN.
namespace joule::cuda {

/// x^2 / (x^2 + sigma)
__device__ inline float smooth_l0(float x, float sigma) {
  constexpr float kMost = reference::kMostSquare<float>;
  const float product = x * x;
  const float square = product > kMost ? kMost : product;
  return square / (square + sigma);
}

/// 2 sigma x / (x^2 + sigma)^2, and 0 where |x| is beyond `reach`
__device__ inline float smooth_l0_derivative(float x, float sigma, float reach) {
  constexpr float kMost = reference::kMostOperand<float>;
  const float high = x > kMost ? kMost : x;
  const float value = high < -kMost ? -kMost : high;
  const float denominator = value * value + sigma;
  return x > reach || x < -reach ? 0.0f : 2 * (value / denominator) * (sigma / denominator);
}

}  // namespace joule::cuda
