// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace joule::cpu {

/// A rectangle of one image [in_h, in_w, channels]; it may reach outside.
struct Rect {
  std::int64_t row, rows, col, cols;
};

/// The address of the rectangle's first pixel, and the stride between rows in floats.
struct Window {
  const float* origin;
  std::int64_t pitch;
};

/// Uses a rectangle inside the image in place.  Otherwise copies it to `scratch` (rows * cols *
/// channels floats), with zeros outside the image, so that the kernels need no special case for the
/// border.  The copy costs 1/(taps * out_channels) of the arithmetic.
inline Window window(const float* image, std::int64_t in_h, std::int64_t in_w,
                     std::int64_t channels, const Rect& r, float* scratch) {
  const bool inside = r.row >= 0 && r.col >= 0 && r.row + r.rows <= in_h && r.col + r.cols <= in_w;
  if (inside) return {image + (r.row * in_w + r.col) * channels, in_w * channels};
  const std::int64_t first = std::clamp<std::int64_t>(-r.col, 0, r.cols);
  const std::int64_t last = std::clamp<std::int64_t>(in_w - r.col, first, r.cols);
  float* to = scratch;
  for (std::int64_t row = r.row; row < r.row + r.rows; ++row, to += r.cols * channels) {
    if (row < 0 || row >= in_h || first == last) {
      std::fill_n(to, r.cols * channels, 0.0f);
      continue;
    }
    std::fill_n(to, first * channels, 0.0f);
    std::memcpy(to + first * channels, image + (row * in_w + r.col + first) * channels,
                static_cast<std::size_t>((last - first) * channels) * sizeof(float));
    std::fill_n(to + last * channels, (r.cols - last) * channels, 0.0f);
  }
  return {scratch, r.cols * channels};
}

}  // namespace joule::cpu
