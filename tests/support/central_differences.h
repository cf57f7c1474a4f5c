// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "joule/core/tensor.h"

// For the gradients of operations below the level of layers: no tape, one operand at a time.
namespace joule::test {

/// sum of a * b; both f64, of one shape.
inline double inner_product(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.numel(); ++i) sum += a.data<double>()[i] * b.data<double>()[i];
  return sum;
}

/// `grad` is the derivative of loss() by each element of `x`; both f64.  loss() reads x, which is
/// left as it was.
template <class Loss>
void expect_central_differences(const Tensor& x, const Tensor& grad, double step, double tolerance,
                                Loss&& loss) {
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double at = x.data<double>()[i];
    x.mutable_data<double>()[i] = at + step;
    const double above = loss();
    x.mutable_data<double>()[i] = at - step;
    const double below = loss();
    x.mutable_data<double>()[i] = at;
    const double numeric = (above - below) / (2 * step);
    ASSERT_NEAR(grad.data<double>()[i], numeric, tolerance * std::max(1.0, std::abs(numeric)))
        << "element " << i;
  }
}

}  // namespace joule::test
