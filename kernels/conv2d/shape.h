// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

namespace joule {

/// How many (output, tap) pairs along one axis read a pixel of the image; the others read padding.
constexpr std::int64_t taps_inside(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                   std::int64_t stride, std::int64_t pad, std::int64_t dilation) {
  std::int64_t count = 0;
  for (std::int64_t tap = 0; tap < kernel; ++tap) {
    const std::int64_t origin = tap * dilation - pad;  // the input read by output 0
    const std::int64_t first = origin < 0 ? (-origin + stride - 1) / stride : 0;
    const std::int64_t last = in - 1 - origin < 0 ? -1 : (in - 1 - origin) / stride;
    count += std::max<std::int64_t>(0, std::min(last, out - 1) - first + 1);
  }
  return count;
}

/// The sizes of a convolution and of its two gradients.
///   x [batch, in_h, in_w, in_channels]     w [out_channels, kernel_h, kernel_w, in_per_group]
///   y [batch, out_h, out_w, out_channels]
struct Conv2dShape {
  std::int64_t batch = 1, in_h = 1, in_w = 1, in_channels = 1, out_channels = 1;
  std::int64_t kernel_h = 1, kernel_w = 1;
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t pad_h = 0, pad_w = 0;
  std::int64_t dilation_h = 1, dilation_w = 1;
  std::int64_t groups = 1;

  constexpr std::int64_t out_h() const {
    return (in_h + 2 * pad_h - dilation_h * (kernel_h - 1) - 1) / stride_h + 1;
  }
  constexpr std::int64_t out_w() const {
    return (in_w + 2 * pad_w - dilation_w * (kernel_w - 1) - 1) / stride_w + 1;
  }
  constexpr std::int64_t in_per_group() const { return in_channels / groups; }
  constexpr std::int64_t out_per_group() const { return out_channels / groups; }

  constexpr std::int64_t x_size() const { return batch * in_h * in_w * in_channels; }
  constexpr std::int64_t y_size() const { return batch * out_h() * out_w() * out_channels; }
  constexpr std::int64_t weight_size() const {
    return out_channels * kernel_h * kernel_w * in_per_group();
  }

  /// Multiply-accumulates: taps that fall into the padding are free.
  constexpr std::int64_t macs() const {
    return batch * out_channels * in_per_group() *
           taps_inside(in_h, out_h(), kernel_h, stride_h, pad_h, dilation_h) *
           taps_inside(in_w, out_w(), kernel_w, stride_w, pad_w, dilation_w);
  }

  friend bool operator==(const Conv2dShape&, const Conv2dShape&) = default;
};

}  // namespace joule
