// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/kernels/pool/pool_shape.h"

namespace joule::reference {

/// `index` [N*P*Q, index_stride] receives the winning tap of each output, or is null.
template <class T>
void max_pool2d(const PoolShape& s, const T* x, T* y, std::uint8_t* index,
                std::int64_t index_stride) {
  for (std::int64_t n = 0, pixel = 0; n < s.batch; ++n) {
    for (std::int64_t p = 0; p < s.out_h; ++p) {
      for (std::int64_t q = 0; q < s.out_w; ++q, ++pixel) {
        const PoolRange rows = s.taps_h(p), columns = s.taps_w(q);
        for (std::int64_t c = 0; c < s.channels; ++c) {
          T best{};
          std::int64_t winner = -1;
          for (std::int64_t r = rows.first; r < rows.last; ++r) {
            for (std::int64_t t = columns.first; t < columns.last; ++t) {
              const std::int64_t h = p * s.stride.h - s.padding.h + r;
              const std::int64_t w = q * s.stride.w - s.padding.w + t;
              const T value = x[((n * s.in_h + h) * s.in_w + w) * s.channels + c];
              if (winner < 0 || value > best || value != value) {
                best = value;
                winner = r * s.kernel.w + t;
              }
            }
          }
          y[pixel * s.channels + c] = best;
          if (index) index[pixel * index_stride + c] = static_cast<std::uint8_t>(winner);
        }
      }
    }
  }
}

template <class T>
void max_pool2d_grad(const PoolShape& s, const std::uint8_t* index, std::int64_t index_stride,
                     const T* grad_y, T* grad_x) {
  for (std::int64_t i = 0; i < s.batch * s.in_h * s.in_w * s.channels; ++i) grad_x[i] = T(0);
  for (std::int64_t n = 0, pixel = 0; n < s.batch; ++n) {
    for (std::int64_t p = 0; p < s.out_h; ++p) {
      for (std::int64_t q = 0; q < s.out_w; ++q, ++pixel) {
        for (std::int64_t c = 0; c < s.channels; ++c) {
          const std::int64_t winner = index[pixel * index_stride + c];
          const std::int64_t h = p * s.stride.h - s.padding.h + winner / s.kernel.w;
          const std::int64_t w = q * s.stride.w - s.padding.w + winner % s.kernel.w;
          grad_x[((n * s.in_h + h) * s.in_w + w) * s.channels + c] +=
              grad_y[pixel * s.channels + c];
        }
      }
    }
  }
}

}  // namespace joule::reference
