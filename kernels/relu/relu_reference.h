// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/zero_mask.h"
#include "joule/kernels/l0/l0_reference.h"

namespace joule::reference {

/// !(x <= threshold) rather than x > threshold: NaN stays NaN.
template <class T>
void relu(std::int64_t n, const T* x, T threshold, T* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] <= threshold ? T(0) : x[i];
}

template <class T>
void relu_grad(std::int64_t n, const T* y, const T* grad_y, T sigma, T cutoff, T grad_l0,
               T* grad_x) {
  const T reach = smooth_l0_reach(sigma, cutoff);
  for (std::int64_t i = 0; i < n; ++i) {
    const T penalty = grad_l0 == T(0) ? T(0) : grad_l0 * smooth_l0_derivative(y[i], sigma, reach);
    grad_x[i] = y[i] == T(0) ? T(0) : grad_y[i] + penalty;
  }
}

/// By the mask of y; no penalty.
template <class T>
void relu_grad(const ZeroMask& y, const T* grad_y, T* grad_x) {
  for (std::int64_t row = 0, i = 0; row < y.rows(); ++row) {
    for (std::int64_t c = 0; c < y.channels(); ++c, ++i) {
      grad_x[i] = y.words(row)[c / 64] >> (c % 64) & 1 ? grad_y[i] : T(0);
    }
  }
}

}  // namespace joule::reference
