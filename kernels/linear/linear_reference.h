// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::reference {

/// `bias` may be null.
template <class T>
void linear(std::int64_t batch, std::int64_t in, std::int64_t out, const T* x, const T* weight,
            const T* bias, T* y) {
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t o = 0; o < out; ++o) {
      T sum = bias ? bias[o] : T{};
      for (std::int64_t i = 0; i < in; ++i) sum += x[n * in + i] * weight[o * in + i];
      y[n * out + o] = sum;
    }
  }
}

template <class T>
void linear_grad_input(std::int64_t batch, std::int64_t in, std::int64_t out, const T* grad_y,
                       const T* weight, T* grad_x) {
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t i = 0; i < in; ++i) {
      T sum{};
      for (std::int64_t o = 0; o < out; ++o) sum += grad_y[n * out + o] * weight[o * in + i];
      grad_x[n * in + i] = sum;
    }
  }
}

/// `grad_bias` may be null.
template <class T>
void linear_grad_weight(std::int64_t batch, std::int64_t in, std::int64_t out, const T* x,
                        const T* grad_y, T* grad_weight, T* grad_bias) {
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t i = 0; i < in; ++i) {
      T sum{};
      for (std::int64_t n = 0; n < batch; ++n) sum += grad_y[n * out + o] * x[n * in + i];
      grad_weight[o * in + i] = sum;
    }
    if (!grad_bias) continue;
    T sum{};
    for (std::int64_t n = 0; n < batch; ++n) sum += grad_y[n * out + o];
    grad_bias[o] = sum;
  }
}

}  // namespace joule::reference
