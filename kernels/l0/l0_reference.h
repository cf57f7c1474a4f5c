// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace joule::reference {

/// The largest square that is used: its sum with any sigma is finite, and the smooth L0 is 1 long
/// before.
template <class T>
inline constexpr T kMostSquare = std::numeric_limits<T>::max() / 2;
/// The largest operand of the derivative that is used: its square is finite, too, and the
/// derivative is 0 before.
template <class T>
inline constexpr T kMostOperand = sizeof(T) == sizeof(float) ? T(0x1p62) : T(0x1p510);

/// The smooth L0 of one value.
template <class T>
T smooth_l0(T x, T sigma) {
  const T square = std::min(x * x, kMostSquare<T>);
  return square / (square + sigma);
}

/// 2 sigma x / (x^2 + sigma)^2 without squaring the denominator, which as a float would overflow
/// from x = 5e9 on and, with sigma below 1e-19, be 0 where x is 0.
template <class T>
T smooth_l0_derivative(T x, T sigma) {
  const T value = std::clamp(x, -kMostOperand<T>, kMostOperand<T>);
  const T denominator = value * value + sigma;
  return T(2) * (value / denominator) * (sigma / denominator);
}

/// The |x| beyond which the derivative is 0: see SmoothL0.
template <class T>
T smooth_l0_reach(T sigma, T cutoff) {
  return cutoff > T(0) ? cutoff * std::sqrt(sigma) : std::numeric_limits<T>::infinity();
}

/// As smooth_l0_derivative(), but 0 beyond `reach`; NaN stays NaN.
template <class T>
T smooth_l0_derivative(T x, T sigma, T reach) {
  return std::abs(x) > reach ? T(0) : smooth_l0_derivative(x, sigma);
}

/// Summed in double: a float would stop growing at 2^24 terms.
template <class T>
T smooth_l0_sum(std::int64_t n, const T* x, T sigma) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += smooth_l0(x[i], sigma);
  return static_cast<T>(sum);
}

template <class T>
void smooth_l0_sum_grad(std::int64_t n, const T* x, T sigma, T cutoff, T grad_sum, T* grad_x) {
  const T reach = smooth_l0_reach(sigma, cutoff);
  for (std::int64_t i = 0; i < n; ++i) {
    grad_x[i] = grad_sum * smooth_l0_derivative(x[i], sigma, reach);
  }
}

}  // namespace joule::reference
