// SPDX-License-Identifier: MIT
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/pieces.h"

// The convolution as its definition says, for every parameter.  Each operand is read through the
// caches once per product: bound by the rate of loads, two per multiply-add.
namespace joule::cuda {
namespace {

/// One thread per element of y.
__global__ void forward(Conv2dShape s, const float* x, const float* weight, float* y) {
  const std::int64_t out_h = s.out_h(), out_w = s.out_w(), channels = s.in_per_group();
  for (std::int64_t i = thread_index(); i < s.y_size(); i += thread_count()) {
    const std::int64_t o = i % s.out_channels, pixel = i / s.out_channels;
    const std::int64_t q = pixel % out_w, p = pixel / out_w % out_h, n = pixel / out_w / out_h;
    const std::int64_t group = o / s.out_per_group();
    float sum = 0;
    for (std::int64_t r = 0; r < s.kernel_h; ++r) {
      const std::int64_t h = p * s.stride_h - s.pad_h + r * s.dilation_h;
      if (h < 0 || h >= s.in_h) continue;
      for (std::int64_t t = 0; t < s.kernel_w; ++t) {
        const std::int64_t w = q * s.stride_w - s.pad_w + t * s.dilation_w;
        if (w < 0 || w >= s.in_w) continue;
        const float* const from =
            x + ((n * s.in_h + h) * s.in_w + w) * s.in_channels + group * channels;
        const float* const with = weight + ((o * s.kernel_h + r) * s.kernel_w + t) * channels;
        for (std::int64_t c = 0; c < channels; ++c) sum += from[c] * with[c];
      }
    }
    y[i] = sum;
  }
}

/// One thread per element of grad_x.
__global__ void backward_input(Conv2dShape s, const float* grad_y, const float* weight,
                               float* grad_x) {
  const std::int64_t out_h = s.out_h(), out_w = s.out_w(), filters = s.out_per_group();
  const std::int64_t channels = s.in_per_group();
  const std::int64_t filter = s.kernel_h * s.kernel_w * channels;
  for (std::int64_t i = thread_index(); i < s.x_size(); i += thread_count()) {
    const std::int64_t c = i % s.in_channels, pixel = i / s.in_channels;
    const std::int64_t w = pixel % s.in_w, h = pixel / s.in_w % s.in_h, n = pixel / s.in_w / s.in_h;
    const std::int64_t first = c / channels * filters;  // of the group's filters
    float sum = 0;
    for (std::int64_t r = 0; r < s.kernel_h; ++r) {
      const std::int64_t p = output_reading(h, r, s.stride_h, s.pad_h, s.dilation_h, out_h);
      if (p < 0) continue;
      for (std::int64_t t = 0; t < s.kernel_w; ++t) {
        const std::int64_t q = output_reading(w, t, s.stride_w, s.pad_w, s.dilation_w, out_w);
        if (q < 0) continue;
        const float* const from = grad_y + ((n * out_h + p) * out_w + q) * s.out_channels + first;
        const float* const with =
            weight + first * filter + (r * s.kernel_w + t) * channels + c % channels;
        for (std::int64_t o = 0; o < filters; ++o) sum += from[o] * with[o * filter];
      }
    }
    grad_x[i] = sum;
  }
}

/// One thread per weight and piece of the rows of grad_y, neighbours having neighbouring channels.
__global__ void backward_weight(Conv2dShape s, const float* x, const float* grad_y,
                                std::int64_t piece_count, float* pieces) {
  const std::int64_t out_h = s.out_h(), out_w = s.out_w(), channels = s.in_per_group();
  const std::int64_t weights = s.weight_size();
  for (std::int64_t i = thread_index(); i < piece_count * weights; i += thread_count()) {
    const std::int64_t piece = i / weights, c = i % channels, tap = i % weights / channels;
    const std::int64_t t = tap % s.kernel_w, r = tap / s.kernel_w % s.kernel_h;
    const std::int64_t o = tap / s.kernel_w / s.kernel_h;
    const std::int64_t from_c = o / s.out_per_group() * channels + c;
    const std::int64_t end = piece_begin(s.batch * out_h, piece_count, piece + 1);
    float sum = 0;
    for (std::int64_t row = piece_begin(s.batch * out_h, piece_count, piece); row < end; ++row) {
      const std::int64_t n = row / out_h;
      const std::int64_t h = row % out_h * s.stride_h - s.pad_h + r * s.dilation_h;
      if (h < 0 || h >= s.in_h) continue;
      for (std::int64_t q = 0; q < out_w; ++q) {
        const std::int64_t w = q * s.stride_w - s.pad_w + t * s.dilation_w;
        if (w < 0 || w >= s.in_w) continue;
        sum += x[((n * s.in_h + h) * s.in_w + w) * s.in_channels + from_c] *
               grad_y[(row * out_w + q) * s.out_channels + o];
      }
    }
    pieces[i] = sum;
  }
}

}  // namespace

void conv2d_direct(const ops::Conv2d& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  launch(forward, grid_over(s.y_size()), s, op.x.data<float>(), op.weight.data<float>(),
         op.y.mutable_data<float>());
  bias_and_relu_in_place(op);
  tally_zeros_of_x(tally, s, op.x);
}

void conv2d_grad_input_direct(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  launch(backward_input, grid_over(s.x_size()), s, op.grad_y.data<float>(), op.weight.data<float>(),
         op.grad_x.mutable_data<float>());
  tally_zeros_of_grad_input(tally, s, op);
}

void conv2d_grad_weight_direct(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const std::int64_t piece_count = pieces_of(s.batch * s.out_h(), s.weight_size());
  const Tensor pieces({piece_count, s.weight_size()}, DType::f32, Device::cuda);
  launch(backward_weight, grid_over(pieces.numel()), s, op.x.data<float>(), op.grad_y.data<float>(),
         piece_count, pieces.mutable_data<float>());
  add_pieces(pieces.data<float>(), piece_count, s.weight_size(),
             op.grad_weight.mutable_data<float>());
  grad_bias(op.grad_y, op.grad_bias);
  tally_zeros_of_x(tally, s, op.x);
}

}  // namespace joule::cuda
