// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/divisor.h"
#include "joule/kernels/conv2d/cuda/pieces.h"
#include "joule/kernels/floats_cuda.h"

namespace joule::cuda {

/// The gradient of the weights as kernels receive it, for one group: [filters, columns], one column
/// per tap and channel.
struct GradWeight {
  int in_h, in_w, in_channels;
  int out_h, out_w, out_channels;
  int kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  int columns;
  Divisor by_out_h, by_out_w;
  std::int64_t pixels;  // of grad_y
  const float* x;
  const float* grad_y;
  bool x_by_four, grad_y_by_four;  // whether four channels can be moved at once
  std::int64_t piece_count = 0;
  float* pieces = nullptr;  // [piece_count, filters, columns]
  bool pieces_by_four = false;

  GradWeight(const Conv2dShape& s, const Tensor& x_tensor, const Tensor& grad_y_tensor)
      : in_h(static_cast<int>(s.in_h)),
        in_w(static_cast<int>(s.in_w)),
        in_channels(static_cast<int>(s.in_channels)),
        out_h(static_cast<int>(s.out_h())),
        out_w(static_cast<int>(s.out_w())),
        out_channels(static_cast<int>(s.out_channels)),
        kernel_w(static_cast<int>(s.kernel_w)),
        stride_h(static_cast<int>(s.stride_h)),
        stride_w(static_cast<int>(s.stride_w)),
        pad_h(static_cast<int>(s.pad_h)),
        pad_w(static_cast<int>(s.pad_w)),
        dilation_h(static_cast<int>(s.dilation_h)),
        dilation_w(static_cast<int>(s.dilation_w)),
        columns(static_cast<int>(s.kernel_h * s.kernel_w * s.in_channels)),
        by_out_h(out_h),
        by_out_w(out_w),
        pixels(s.y_size() / s.out_channels),
        x(x_tensor.data<float>()),
        grad_y(grad_y_tensor.data<float>()),
        x_by_four(in_channels % 4 == 0 && aligned_for_four({x})),
        grad_y_by_four(out_channels % 4 == 0 && aligned_for_four({grad_y})) {}
};

/// The memory for the pieces that the blocks of a kernel sum, and their sum in order.
class GradWeightPieces {
 public:
  /// Chooses g.piece_count, given the number of blocks per piece.
  GradWeightPieces(GradWeight& g, std::int64_t blocks_per_piece, const Tensor& grad_weight)
      : grad_weight_(grad_weight) {
    // Several blocks for each of 132 multiprocessors; pieces that are worth their addition.
    constexpr std::int64_t kBlocks = 1024, kFewestPixels = 128;
    const std::int64_t most = std::max<std::int64_t>(1, g.pixels / kFewestPixels);
    count_ = std::clamp<std::int64_t>(kBlocks / blocks_per_piece, 1, most);
    const bool whole = count_ == 1;  // then the only piece is the result
    pieces_ = whole ? grad_weight : Tensor({count_, grad_weight.numel()}, DType::f32, Device::cuda);
    g.piece_count = count_;
    g.pieces = pieces_.mutable_data<float>();
    g.pieces_by_four = g.columns % 4 == 0 && aligned_for_four({g.pieces});
  }
  /// Call it after the launch.
  void add() const {
    if (count_ == 1) return;
    add_pieces(pieces_.data<float>(), count_, grad_weight_.numel(),
               grad_weight_.mutable_data<float>());
  }

 private:
  const Tensor& grad_weight_;
  std::int64_t count_ = 0;
  Tensor pieces_;
};

/// A pixel of grad_y.
struct Pixel {
  std::int64_t n;
  int p, q;

  __device__ void advance(int pixels, const GradWeight& g) {
    q += pixels;
    while (q >= g.out_w) {
      q -= g.out_w;
      if (++p == g.out_h) p = 0, ++n;
    }
  }
};

__device__ inline Pixel pixel_at(const GradWeight& g, std::int64_t i) {
  const auto [line, q] = g.by_out_w.split(i);
  const auto [n, p] = g.by_out_h.split(line);
  return {n, p, q};
}

/// A column of the result: the offset of its tap from the first position, and its channel.
struct Column {
  int h, w, c;
};

__device__ inline Column column_at(const GradWeight& g, int i) {
  const int tap = i / g.in_channels;
  return {tap / g.kernel_w * g.dilation_h - g.pad_h, tap % g.kernel_w * g.dilation_w - g.pad_w,
          i % g.in_channels};
}

/// The element of x that the column reads at the pixel, or null outside.
__device__ inline const float* x_at(const GradWeight& g, const Pixel& pixel, const Column& column) {
  const int h = pixel.p * g.stride_h + column.h, w = pixel.q * g.stride_w + column.w;
  if (h < 0 || h >= g.in_h || w < 0 || w >= g.in_w) return nullptr;
  return g.x + ((pixel.n * g.in_h + h) * g.in_w + w) * g.in_channels + column.c;
}

}  // namespace joule::cuda
