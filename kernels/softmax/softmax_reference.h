// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace joule::reference {

/// One row.  y may be x.
template <bool kLog, class T>
void softmax(std::int64_t n, const T* x, T* y) {
  if (n == 0) return;
  const double max = *std::max_element(x, x + n);
  double sum = 0;
  for (std::int64_t k = 0; k < n; ++k) sum += std::exp(x[k] - max);
  for (std::int64_t k = 0; k < n; ++k) {
    y[k] = static_cast<T>(kLog ? x[k] - max - std::log(sum) : std::exp(x[k] - max) / sum);
  }
}

template <bool kLog, class T>
void softmax_grad(std::int64_t n, const T* y, const T* grad_y, T* grad_x) {
  double sum = 0;
  for (std::int64_t k = 0; k < n; ++k) sum += double{grad_y[k]} * (kLog ? 1 : double{y[k]});
  for (std::int64_t k = 0; k < n; ++k) {
    grad_x[k] =
        static_cast<T>(kLog ? grad_y[k] - std::exp(double{y[k]}) * sum : y[k] * (grad_y[k] - sum));
  }
}

}  // namespace joule::reference
