// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "joule/kernels/conv2d/shape.h"

namespace joule::reference {

/// Calls body(x_index, w_index, y_index) for every product of the convolution: the only definition
/// of which input, weight and output belong together.  The taps of an output come in order.
template <class Body>
void for_each_mac(const Conv2dShape& s, Body&& body) {
  const std::int64_t out_h = s.out_h(), out_w = s.out_w();
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t p = 0; p < out_h; ++p)
      for (std::int64_t q = 0; q < out_w; ++q)
        for (std::int64_t o = 0; o < s.out_channels; ++o)
          for (std::int64_t r = 0; r < s.kernel_h; ++r)
            for (std::int64_t t = 0; t < s.kernel_w; ++t) {
              const std::int64_t h = p * s.stride_h - s.pad_h + r * s.dilation_h;
              const std::int64_t w = q * s.stride_w - s.pad_w + t * s.dilation_w;
              if (h < 0 || h >= s.in_h || w < 0 || w >= s.in_w) continue;
              const std::int64_t group = o / s.out_per_group();
              for (std::int64_t c = 0; c < s.in_per_group(); ++c) {
                body(((n * s.in_h + h) * s.in_w + w) * s.in_channels + group * s.in_per_group() + c,
                     ((o * s.kernel_h + r) * s.kernel_w + t) * s.in_per_group() + c,
                     ((n * out_h + p) * out_w + q) * s.out_channels + o);
              }
            }
}

/// y = x * w.  A template on the scalar, so that tests can run it in double (the ground truth) and
/// on a type that counts its multiplications (the cost model).
template <class T>
void conv2d(const Conv2dShape& s, const T* x, const T* w, T* y) {
  std::fill_n(y, s.y_size(), T{});
  for_each_mac(s, [=](auto i, auto j, auto k) { y[k] += x[i] * w[j]; });
}

/// grad_x[i] = sum of grad_y * w over the products in which x[i] takes part.
template <class T>
void conv2d_grad_input(const Conv2dShape& s, const T* grad_y, const T* w, T* grad_x) {
  std::fill_n(grad_x, s.x_size(), T{});
  for_each_mac(s, [=](auto i, auto j, auto k) { grad_x[i] += grad_y[k] * w[j]; });
}

/// grad_w[j] = sum of x * grad_y over the products in which w[j] takes part.
template <class T>
void conv2d_grad_weight(const Conv2dShape& s, const T* x, const T* grad_y, T* grad_w) {
  std::fill_n(grad_w, s.weight_size(), T{});
  for_each_mac(s, [=](auto i, auto j, auto k) { grad_w[j] += x[i] * grad_y[k]; });
}

/// y[row, c] += bias[c]
template <class T>
void add_bias(std::int64_t rows, std::int64_t channels, const T* bias, T* y) {
  for (std::int64_t i = 0; i < rows * channels; ++i) y[i] += bias[i % channels];
}

/// grad_bias[c] = sum_row grad_y[row, c]
template <class T>
void grad_bias(std::int64_t rows, std::int64_t channels, const T* grad_y, T* grad_bias) {
  std::fill_n(grad_bias, channels, T{});
  for (std::int64_t i = 0; i < rows * channels; ++i) grad_bias[i % channels] += grad_y[i];
}

}  // namespace joule::reference
