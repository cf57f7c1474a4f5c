// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::reference {

template <class T>
void global_avg_pool(std::int64_t batch, std::int64_t pixels, std::int64_t channels, const T* x,
                     T* y) {
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t c = 0; c < channels; ++c) {
      T sum{};
      for (std::int64_t i = 0; i < pixels; ++i) sum += x[(n * pixels + i) * channels + c];
      y[n * channels + c] = sum / T(pixels);
    }
  }
}

template <class T>
void global_avg_pool_grad(std::int64_t batch, std::int64_t pixels, std::int64_t channels,
                          const T* grad_y, T* grad_x) {
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t i = 0; i < pixels; ++i) {
      for (std::int64_t c = 0; c < channels; ++c) {
        grad_x[(n * pixels + i) * channels + c] = grad_y[n * channels + c] / T(pixels);
      }
    }
  }
}

}  // namespace joule::reference
