// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::reference {

template <class T>
void add(std::int64_t n, const T* a, const T* b, T* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

}  // namespace joule::reference
