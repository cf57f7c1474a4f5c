// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "joule/core/cuda/divisor.h"
#include "joule/kernels/conv2d/cuda/epilogue.h"
#include "joule/kernels/conv2d/cuda/packed.h"
#include "joule/kernels/conv2d/passes.h"

namespace joule::cuda {

/// cpu::PassAxis in integers that a GPU computes with at full rate; see one_group_in_32_bits().
struct PassAxis {
  int in, in_first, in_step;
  int out, count, first, step;
  int taps, tap_step, kernel_first, kernel_step;

  explicit PassAxis(const cpu::PassAxis& axis)
      : in(static_cast<int>(axis.in)),
        in_first(static_cast<int>(axis.in_first)),
        in_step(static_cast<int>(axis.in_step)),
        out(static_cast<int>(axis.out)),
        count(static_cast<int>(axis.count)),
        first(static_cast<int>(axis.first)),
        step(static_cast<int>(axis.step)),
        taps(static_cast<int>(axis.taps)),
        tap_step(static_cast<int>(axis.tap_step)),
        kernel_first(static_cast<int>(axis.kernel_first)),
        kernel_step(static_cast<int>(axis.kernel_step)) {}

  /// Whether the outputs of the pass are all outputs, in their order.
  bool is_whole() const { return first == 0 && step == 1 && count == out; }
};

/// A pass (passes.h) as kernels receive it: the forward convolution, or one phase of the gradient
/// of its input.  One group.
struct Correlation {
  PassAxis h, w;
  Divisor rows, columns;  // of the output of the pass in an image
  bool whole;             // whether its pixels are those of the output
  std::int64_t pixels;    // of it
  int in_channels, out_channels;
  int kernel_w;
  int packed_columns;
  const float* weights;  // PackedWeights
  const float* in;
  float* out;
  bool in_by_four, out_by_four;  // whether four channels can be moved at once
  Epilogue epilogue{};
  // Blocks of blockIdx.y sum that piece of the terms; out has room for one result per piece.
  int pieces = 1;
  std::int64_t result_size = 0;

  Correlation(const cpu::Pass& pass, const Conv2dShape& s, const PackedWeights& packed,
              const Tensor& from, const Tensor& to)
      : h(pass.h),
        w(pass.w),
        rows(std::max(1, h.count)),
        columns(std::max(1, w.count)),
        whole(h.is_whole() && w.is_whole()),
        pixels(s.batch * pass.h.count * pass.w.count),
        in_channels(static_cast<int>(from.dim(3))),
        out_channels(static_cast<int>(to.dim(3))),
        kernel_w(static_cast<int>(s.kernel_w)),
        packed_columns(static_cast<int>(packed.columns())),
        weights(packed.data()),
        in(from.data<float>()),
        out(to.mutable_data<float>()),
        in_by_four(in_channels % 4 == 0 && aligned_for_four({in})),
        out_by_four(out_channels % 4 == 0 && aligned_for_four({out})) {}
};

/// The pixel of the image that tap (0, 0) of an output reads; it may lie outside.
struct ReadPixel {
  std::int64_t image;      // offset of the image's first element
  std::int64_t image_row;  // its first row, counted through all images
  int h, w;
};

/// For output `i` of the pass; a pixel outside of any image if there is no such output.
__device__ inline ReadPixel read_pixel(const Correlation& c, std::int64_t i) {
  constexpr int kFarOutside = -(1 << 30);
  if (i >= c.pixels) return {0, 0, kFarOutside, kFarOutside};
  const auto [line, column] = c.columns.split(i);
  const auto [n, row] = c.rows.split(line);
  const std::int64_t image_row = n * c.h.in;
  return {image_row * c.w.in * c.in_channels, image_row, c.h.in_first + row * c.h.in_step,
          c.w.in_first + column * c.w.in_step};
}

/// The input that tap (a, b) reads there: the offset of its first channel, or -1 outside.
__device__ inline std::int64_t read_offset(const Correlation& c, const ReadPixel& pixel, int a,
                                           int b) {
  const int h = pixel.h + a * c.h.tap_step, w = pixel.w + b * c.w.tap_step;
  if (h < 0 || h >= c.h.in || w < 0 || w >= c.w.in) return -1;
  return pixel.image + (std::int64_t{h} * c.w.in + w) * c.in_channels;
}

/// The tap and channel of a row of the packed weights.
struct Term {
  int a = 0, b = 0;  // the tap
  int channel = 0;

  __device__ void advance(int terms, int taps_w, int channels) {
    channel += terms;
    while (channel >= channels) {
      channel -= channels;
      if (++b == taps_w) b = 0, ++a;
    }
  }
};

/// The row of the packed weights for channel 0 of tap (a, b).
__device__ inline std::int64_t weight_row(const Correlation& c, int a, int b) {
  const int tap = (c.h.kernel_first + a * c.h.kernel_step) * c.kernel_w + c.w.kernel_first +
                  b * c.w.kernel_step;
  return std::int64_t{tap} * c.in_channels;
}

/// The pixel that output `i` of the pass writes, counted through all images.
__device__ inline std::int64_t written_pixel(const Correlation& c, std::int64_t i) {
  if (c.whole) return i;
  const auto [line, column] = c.columns.split(i);
  const auto [n, row] = c.rows.split(line);
  return (n * c.h.out + c.h.first + std::int64_t{row} * c.h.step) * c.w.out + c.w.first +
         std::int64_t{column} * c.w.step;
}

}  // namespace joule::cuda
