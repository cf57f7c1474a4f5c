// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "joule/kernels/conv2d/shape.h"

namespace joule::cpu {

/// One axis of a pass: output `first + i * step` (0 <= i < count) reads the inputs
/// `in_first + i * in_step + j * tap_step` (0 <= j < taps) with the kernel's taps
/// `kernel_first + j * kernel_step`.  Inputs outside [0, in) are 0.
struct PassAxis {
  std::int64_t in, in_first, in_step;
  std::int64_t out, count, first, step;
  std::int64_t taps, tap_step, kernel_first, kernel_step;

  /// How many consecutive inputs `outputs` consecutive outputs span.
  std::int64_t extent(std::int64_t outputs) const {
    return std::max<std::int64_t>(0, (outputs - 1) * in_step + (taps - 1) * tap_step + 1);
  }
  /// The taps [first, second); by the others, the outputs from `top` to `bottom` read padding.
  std::pair<std::int64_t, std::int64_t> taps_inside(std::int64_t top, std::int64_t bottom) const {
    std::int64_t begin = 0, end = taps;
    while (begin < end && in_first + bottom * in_step + begin * tap_step < 0) ++begin;
    while (begin < end && in_first + top * in_step + (end - 1) * tap_step >= in) --end;
    return {begin, end};
  }
  /// The part [first, second) of the outputs [begin, end) that reads the image at `tap`.
  std::pair<std::int64_t, std::int64_t> outputs_inside(std::int64_t tap, std::int64_t begin,
                                                       std::int64_t end) const {
    while (begin < end && in_first + begin * in_step + tap * tap_step < 0) ++begin;
    while (begin < end && in_first + (end - 1) * in_step + tap * tap_step >= in) --end;
    return {begin, end};
  }
};

/// A correlation that the direct kernel computes.  The forward convolution is one; the gradient of
/// the input is one per phase of the stride, since all inputs of a phase meet the same taps.
struct Pass {
  PassAxis h, w;
};

inline Pass forward_pass(const Conv2dShape& s) {
  const auto axis = [](std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                       std::int64_t pad, std::int64_t dilation) {
    return PassAxis{.in = in,
                    .in_first = -pad,
                    .in_step = stride,
                    .out = out,
                    .count = out,
                    .first = 0,
                    .step = 1,
                    .taps = kernel,
                    .tap_step = dilation,
                    .kernel_first = 0,
                    .kernel_step = 1};
  };
  return {axis(s.in_h, s.out_h(), s.kernel_h, s.stride_h, s.pad_h, s.dilation_h),
          axis(s.in_w, s.out_w(), s.kernel_w, s.stride_w, s.pad_w, s.dilation_w)};
}

/// The part of one axis of grad_x with (index + pad) % stride == phase.
///
/// x[i] meets tap r in y[p] where i = p * stride - pad + r * dilation.  With i = first + u * stride
/// that is p = (first + pad - r * dilation) / stride + u for the taps r that make it an integer;
/// they are spaced by stride / gcd(stride, dilation).  Walking them downwards makes p grow.
inline PassAxis grad_input_axis(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                std::int64_t stride, std::int64_t pad, std::int64_t dilation,
                                std::int64_t phase) {
  const std::int64_t first = ((phase - pad) % stride + stride) % stride;
  const std::int64_t spacing = stride / std::gcd(stride, dilation);
  std::int64_t taps = 0, last_tap = 0;
  for (std::int64_t r = 0; r < kernel; ++r) {
    if (r * dilation % stride == phase) ++taps, last_tap = r;
  }
  return {.in = out,
          .in_first = (first + pad - last_tap * dilation) / stride,
          .in_step = 1,
          .out = in,
          .count = first < in ? (in - first - 1) / stride + 1 : 0,
          .first = first,
          .step = stride,
          .taps = taps,
          .tap_step = spacing * dilation / stride,
          .kernel_first = last_tap,
          .kernel_step = -spacing};
}

/// Together, these passes write every element of grad_x once.  A pass has no outputs if the image
/// is smaller than the stride, and no taps if the kernel is.
inline std::vector<Pass> grad_input_passes(const Conv2dShape& s) {
  std::vector<Pass> passes;
  for (std::int64_t a = 0; a < s.stride_h; ++a) {
    for (std::int64_t b = 0; b < s.stride_w; ++b) {
      passes.push_back(
          {grad_input_axis(s.in_h, s.out_h(), s.kernel_h, s.stride_h, s.pad_h, s.dilation_h, a),
           grad_input_axis(s.in_w, s.out_w(), s.kernel_w, s.stride_w, s.pad_w, s.dilation_w, b)});
    }
  }
  return passes;
}

}  // namespace joule::cpu
