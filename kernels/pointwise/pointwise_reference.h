// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "joule/kernels/pointwise/pointwise.h"

namespace joule::reference {

template <class T>
T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}
/// The cumulative distribution function of the standard normal distribution.
template <class T>
T probability_below(T x) {
  return std::erfc(-x / std::numbers::sqrt2_v<T>) / 2;
}

template <PointwiseFunction kFunction, class T>
T pointwise(T x, T slope) {
  switch (kFunction) {
    case PointwiseFunction::sigmoid:
      return sigmoid(x);
    case PointwiseFunction::tanh:
      return std::tanh(x);
    case PointwiseFunction::leaky_relu:
      return x > 0 ? x : slope * x;
    case PointwiseFunction::gelu:
      return x * probability_below(x);
    case PointwiseFunction::silu:
      return x * sigmoid(x);
    case PointwiseFunction::hard_swish:
      return x * std::min(std::max(x + 3, T(0)), T(6)) / 6;
    case PointwiseFunction::elu:
      return x > 0 ? x : slope * std::expm1(x);
    case PointwiseFunction::erf:
      return std::erf(x);
  }
}

/// f', from the value that PointwiseGrad is given.
template <PointwiseFunction kFunction, class T>
T pointwise_slope(T at, T slope) {
  switch (kFunction) {
    case PointwiseFunction::sigmoid:
      return at * (1 - at);
    case PointwiseFunction::tanh:
      return 1 - at * at;
    case PointwiseFunction::leaky_relu:
      return at > 0 ? T(1) : at <= 0 ? slope : at;  // NaN stays NaN
    case PointwiseFunction::gelu: {
      const T density =
          std::exp(-at * at / 2) * std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
      return probability_below(at) + at * density;
    }
    case PointwiseFunction::silu: {
      const T s = sigmoid(at);
      return s * (1 + at * (1 - s));
    }
    case PointwiseFunction::hard_swish:
      return at <= -3 ? T(0) : at >= 3 ? T(1) : (2 * at + 3) / 6;
    case PointwiseFunction::elu:
      return at > 0 ? T(1) : slope * std::exp(at);
    case PointwiseFunction::erf:
      return 2 * std::numbers::inv_sqrtpi_v<T> * std::exp(-at * at);
  }
}

}  // namespace joule::reference
