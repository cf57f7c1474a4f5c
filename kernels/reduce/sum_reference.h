// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::reference {

/// x [outer, summed, inner], y [outer, inner].
template <class T>
void sum(std::int64_t outer, std::int64_t summed, std::int64_t inner, const T* x, double factor,
         T* y) {
  for (std::int64_t p = 0; p < outer; ++p) {
    for (std::int64_t q = 0; q < inner; ++q) {
      double total = 0;
      for (std::int64_t r = 0; r < summed; ++r) total += x[(p * summed + r) * inner + q];
      y[p * inner + q] = static_cast<T>(factor * total);
    }
  }
}

template <class T>
void sum_grad(std::int64_t outer, std::int64_t summed, std::int64_t inner, const T* grad_y,
              double factor, T* grad_x) {
  for (std::int64_t p = 0; p < outer; ++p) {
    for (std::int64_t r = 0; r < summed; ++r) {
      for (std::int64_t q = 0; q < inner; ++q) {
        *grad_x++ = static_cast<T>(factor * grad_y[p * inner + q]);
      }
    }
  }
}

}  // namespace joule::reference
