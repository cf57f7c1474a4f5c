// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/kernels/pool/pool_shape.h"

namespace joule::reference {

/// The divisor of the sum over the window of output pixel (p, q).
constexpr std::int64_t avg_pool2d_count(const PoolShape& s, bool count_include_pad, std::int64_t p,
                                        std::int64_t q) {
  if (count_include_pad) {
    return s.padded_taps(p * s.stride.h, s.kernel.h, s.in_h + 2 * s.padding.h) *
           s.padded_taps(q * s.stride.w, s.kernel.w, s.in_w + 2 * s.padding.w);
  }
  const PoolRange rows = s.taps_h(p), columns = s.taps_w(q);
  return (rows.last - rows.first) * (columns.last - columns.first);
}

template <class T>
void avg_pool2d(const PoolShape& s, bool count_include_pad, const T* x, T* y) {
  for (std::int64_t n = 0; n < s.batch; ++n) {
    for (std::int64_t p = 0; p < s.out_h; ++p) {
      for (std::int64_t q = 0; q < s.out_w; ++q) {
        const PoolRange rows = s.taps_h(p), columns = s.taps_w(q);
        const T count = T(avg_pool2d_count(s, count_include_pad, p, q));
        for (std::int64_t c = 0; c < s.channels; ++c, ++y) {
          T sum{};
          for (std::int64_t r = rows.first; r < rows.last; ++r) {
            for (std::int64_t t = columns.first; t < columns.last; ++t) {
              const std::int64_t h = p * s.stride.h - s.padding.h + r;
              const std::int64_t w = q * s.stride.w - s.padding.w + t;
              sum += x[((n * s.in_h + h) * s.in_w + w) * s.channels + c];
            }
          }
          *y = sum / count;
        }
      }
    }
  }
}

template <class T>
void avg_pool2d_grad(const PoolShape& s, bool count_include_pad, const T* grad_y, T* grad_x) {
  for (std::int64_t n = 0; n < s.batch; ++n) {
    for (std::int64_t h = 0; h < s.in_h; ++h) {
      for (std::int64_t w = 0; w < s.in_w; ++w) {
        const PoolRange rows = s.windows_h(h), columns = s.windows_w(w);
        for (std::int64_t c = 0; c < s.channels; ++c, ++grad_x) {
          T sum{};
          for (std::int64_t p = rows.first; p < rows.last; ++p) {
            for (std::int64_t q = columns.first; q < columns.last; ++q) {
              sum += grad_y[((n * s.out_h + p) * s.out_w + q) * s.channels + c] /
                     T(avg_pool2d_count(s, count_include_pad, p, q));
            }
          }
          *grad_x = sum;
        }
      }
    }
  }
}

}  // namespace joule::reference
