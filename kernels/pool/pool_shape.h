// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "joule/core/shape.h"

namespace joule {

/// [first, last): empty if last <= first.
struct PoolRange {
  std::int64_t first, last;
};

/// The geometry of a pooling: output pixel (p, q) covers the input pixels
/// (p*stride.h - padding.h + r, q*stride.w - padding.w + s), 0 <= r < kernel.h, 0 <= s < kernel.w.
struct PoolShape {
  std::int64_t batch, in_h, in_w, channels;
  std::int64_t out_h, out_w;
  Size2 kernel, stride, padding;

  /// The output [N,P,Q,C]: P = (H + 2 padding - kernel) / stride + 1, rounded down; in ceil mode
  /// rounded up, unless the last window would begin in the padding behind the image.
  Shape output() const { return {batch, out_h, out_w, channels}; }

  /// The taps r of the window of output row p that lie inside the image; never empty.
  constexpr PoolRange taps_h(std::int64_t p) const {
    return taps(p * stride.h - padding.h, kernel.h, in_h);
  }
  constexpr PoolRange taps_w(std::int64_t q) const {
    return taps(q * stride.w - padding.w, kernel.w, in_w);
  }
  /// How many taps of a window that begins at `start` of the padded image lie inside that image.
  static constexpr std::int64_t padded_taps(std::int64_t start, std::int64_t kernel,
                                            std::int64_t padded) {
    return std::min(kernel, padded - start);
  }
  /// The output rows p whose window covers input row h.
  constexpr PoolRange windows_h(std::int64_t h) const {
    return windows(h + padding.h, kernel.h, stride.h, out_h);
  }
  constexpr PoolRange windows_w(std::int64_t w) const {
    return windows(w + padding.w, kernel.w, stride.w, out_w);
  }

 private:
  static constexpr PoolRange taps(std::int64_t start, std::int64_t kernel, std::int64_t extent) {
    return {std::max<std::int64_t>(0, -start), std::min(kernel, extent - start)};
  }
  static constexpr PoolRange windows(std::int64_t at, std::int64_t kernel, std::int64_t stride,
                                     std::int64_t count) {
    const std::int64_t first = at < kernel ? 0 : (at - kernel) / stride + 1;
    return {first, std::min(count, at / stride + 1)};
  }
};

/// The geometry of pooling `x` [N,H,W,C] with windows of `kernel`, `stride` apart.  Messages call
/// the operation `op`.
///
/// Errors    ArgumentError if x is not of rank 4 or its images have no pixel, kernel or stride is <
///           1 or above kMostOfWindow, padding is < 0 or more than half of the kernel (so that a
///           window could miss the image), or the output would be empty.
/// Source    torch.nn.MaxPool2d and AvgPool2d, ceil_mode included.
PoolShape pool_shape(std::string_view op, const Shape& x, Size2 kernel, Size2 stride, Size2 padding,
                     bool ceil_mode = false);

}  // namespace joule
