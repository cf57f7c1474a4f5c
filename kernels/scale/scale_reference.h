// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::reference {

template <class T>
void scale(std::int64_t n, const T* x, T factor, T* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = factor * x[i];
}

template <class T>
double squared_norm(std::int64_t n, const T* x) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

}  // namespace joule::reference
