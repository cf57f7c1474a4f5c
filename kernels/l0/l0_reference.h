// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::reference {

/// The smooth L0 of one value.
template <class T>
T smooth_l0(T x, T sigma) {
  return x * x / (x * x + sigma);
}

template <class T>
T smooth_l0_derivative(T x, T sigma) {
  const T denominator = x * x + sigma;
  return T(2) * sigma * x / (denominator * denominator);
}

/// Summed in double: a float would stop growing at 2^24 terms.
template <class T>
T smooth_l0_sum(std::int64_t n, const T* x, T sigma) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += smooth_l0(x[i], sigma);
  return static_cast<T>(sum);
}

template <class T>
void smooth_l0_sum_grad(std::int64_t n, const T* x, T sigma, T grad_sum, T* grad_x) {
  for (std::int64_t i = 0; i < n; ++i) grad_x[i] = grad_sum * smooth_l0_derivative(x[i], sigma);
}

}  // namespace joule::reference
