// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "joule/kernels/losses/pointwise_loss.h"

namespace joule::reference {

template <LossFunction kFunction>
double loss_of(double x, double target) {
  if (kFunction == LossFunction::mse) return (x - target) * (x - target);
  if (kFunction == LossFunction::l1) return std::abs(x - target);
  return std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x)));
}

/// d loss_of() / d x
template <LossFunction kFunction>
double loss_slope(double x, double target) {
  if (kFunction == LossFunction::mse) return 2 * (x - target);
  if (kFunction == LossFunction::l1) return static_cast<double>((x > target) - (x < target));
  return 1 / (1 + std::exp(-x)) - target;
}

}  // namespace joule::reference
