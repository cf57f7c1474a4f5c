// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/kernels/resize/resize_impl.h"

namespace joule::reference {

/// x [N,H,W,C], y [N,P,Q,C].
template <class T>
void resize_nearest(const Shape& of_x, const Repeats& rows, const Repeats& columns, const T* x,
                    T* y) {
  const auto from_rows = sources_of(of_x[1], rows), from_columns = sources_of(of_x[2], columns);
  for (std::int64_t n = 0; n < of_x[0]; ++n) {
    for (const std::int64_t h : from_rows) {
      for (const std::int64_t w : from_columns) {
        for (std::int64_t c = 0; c < of_x[3]; ++c) {
          *y++ = x[((n * of_x[1] + h) * of_x[2] + w) * of_x[3] + c];
        }
      }
    }
  }
}

template <class T>
void resize_nearest_grad(const Shape& of_x, const Repeats& rows, const Repeats& columns,
                         const T* grad_y, T* grad_x) {
  const auto p = starts_of(of_x[1], rows), q = starts_of(of_x[2], columns);
  const auto height = static_cast<std::size_t>(of_x[1]), width = static_cast<std::size_t>(of_x[2]);
  for (std::int64_t n = 0; n < of_x[0]; ++n) {
    for (std::size_t h = 0; h < height; ++h) {
      for (std::size_t w = 0; w < width; ++w) {
        for (std::int64_t c = 0; c < of_x[3]; ++c) {
          T sum{};
          for (std::int64_t i = p[h]; i < p[h + 1]; ++i) {
            for (std::int64_t j = q[w]; j < q[w + 1]; ++j) {
              sum += grad_y[((n * p.back() + i) * q.back() + j) * of_x[3] + c];
            }
          }
          *grad_x++ = sum;
        }
      }
    }
  }
}

}  // namespace joule::reference
