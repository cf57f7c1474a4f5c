// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::reference {

/// Element (i, l) of a is at a[i * a_row + l * a_column], (l, j) of b at b[l * b_row + j *
/// b_column].
template <class T>
void matmul(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t a_row,
            std::int64_t a_column, const T* b, std::int64_t b_row, std::int64_t b_column, T* y) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T sum{};
      for (std::int64_t l = 0; l < k; ++l) {
        sum += a[i * a_row + l * a_column] * b[l * b_row + j * b_column];
      }
      y[i * n + j] = sum;
    }
  }
}

}  // namespace joule::reference
