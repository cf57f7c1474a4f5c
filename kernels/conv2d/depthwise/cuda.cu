// SPDX-License-Identifier: MIT
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/epilogue.h"
#include "joule/kernels/conv2d/cuda/packed.h"
#include "joule/kernels/conv2d/cuda/pieces.h"

// Depthwise convolutions: each filter reads the one channel of its own.  There are as many
// multiply-adds as a kernel has taps for each element of x and y, so all of them are bound by the
// memory; the taps of neighbouring outputs find x in the caches.
namespace joule::cuda {
namespace {

constexpr int kChannelsOfThread = 16;  // whose bits are one store to the mask

/// The sum over the taps of kCount channels of an output, whose tap (0, 0) reads (top, left).
template <int kCount>
__device__ Floats<kCount> sum_of_taps(const Conv2dShape& s, const float* image, std::int64_t top,
                                      std::int64_t left, const float* weights,
                                      std::int64_t columns) {
  Floats<kCount> sum{};
  for (std::int64_t r = 0; r < s.kernel_h; ++r) {
    const std::int64_t h = top + r * s.dilation_h;
    if (h < 0 || h >= s.in_h) continue;
    for (std::int64_t t = 0; t < s.kernel_w; ++t) {
      const std::int64_t w = left + t * s.dilation_w;
      if (w < 0 || w >= s.in_w) continue;
      const auto x = Floats<kCount>::load(image + (h * s.in_w + w) * s.in_channels);
      const auto weight = Floats<kCount>::load(weights + (r * s.kernel_w + t) * columns);
      for (int k = 0; k < kCount; ++k) sum.at[k] += x.at[k] * weight.at[k];
    }
  }
  return sum;
}

/// One thread per 16 channels of a pixel of y, kCount at a time: it has their bits of the mask.
template <int kCount>
__global__ void depthwise_forward(Conv2dShape s, const float* x, const float* weights,
                                  std::int64_t columns, Epilogue epilogue, float* y) {
  const std::int64_t out_h = s.out_h(), out_w = s.out_w(), channels = s.in_channels;
  const std::int64_t parts = (channels + kChannelsOfThread - 1) / kChannelsOfThread;
  Epilogue::Totals totals;
  for (std::int64_t i = thread_index(); i < s.batch * out_h * out_w * parts; i += thread_count()) {
    const std::int64_t pixel = i / parts, first = i % parts * kChannelsOfThread;
    const std::int64_t q = pixel % out_w, p = pixel / out_w % out_h, n = pixel / out_w / out_h;
    const float* const image = x + n * s.in_h * s.in_w * channels + first;
    unsigned bits = 0;
    for (int k = 0; k < kChannelsOfThread && first + k < channels; k += kCount) {
      auto sum = sum_of_taps<kCount>(s, image + k, p * s.stride_h - s.pad_h,
                                     q * s.stride_w - s.pad_w, weights + first + k, columns);
      bits |= epilogue.apply(sum, first + k, kCount, totals) << k;
      sum.store(y + pixel * channels + first + k);
    }
    if (epilogue.relu) epilogue.write_mask(pixel, first, bits);
  }
  epilogue.add(totals);
}

/// One thread per kCount channels of a pixel of grad_x: gathered over the outputs that read it.
template <int kCount>
__global__ void depthwise_backward_input(Conv2dShape s, const float* grad_y, const float* weights,
                                         std::int64_t columns, float* grad_x) {
  const std::int64_t out_h = s.out_h(), out_w = s.out_w(), channels = s.in_channels;
  for (std::int64_t i = thread_index(); i < s.x_size() / kCount; i += thread_count()) {
    const std::int64_t c = i * kCount % channels, pixel = i * kCount / channels;
    const std::int64_t w = pixel % s.in_w, h = pixel / s.in_w % s.in_h, n = pixel / s.in_w / s.in_h;
    Floats<kCount> sum{};
    for (std::int64_t r = 0; r < s.kernel_h; ++r) {
      const std::int64_t p = output_reading(h, r, s.stride_h, s.pad_h, s.dilation_h, out_h);
      if (p < 0) continue;
      for (std::int64_t t = 0; t < s.kernel_w; ++t) {
        const std::int64_t q = output_reading(w, t, s.stride_w, s.pad_w, s.dilation_w, out_w);
        if (q < 0) continue;
        const std::int64_t at = ((n * out_h + p) * out_w + q) * channels + c;
        const auto grad = Floats<kCount>::load(grad_y + at);
        const auto weight = Floats<kCount>::load(weights + (r * s.kernel_w + t) * columns + c);
        for (int k = 0; k < kCount; ++k) sum.at[k] += grad.at[k] * weight.at[k];
      }
    }
    sum.store(grad_x + i * kCount);
  }
}

/// One thread per weight and piece of the rows of grad_y; neighbours have neighbouring channels, so
/// that their loads are one.
__global__ void depthwise_backward_weight(Conv2dShape s, const float* x, const float* grad_y,
                                          std::int64_t piece_count, float* pieces) {
  const std::int64_t out_h = s.out_h(), out_w = s.out_w(), channels = s.in_channels;
  const std::int64_t taps = s.kernel_h * s.kernel_w, weights = taps * channels;
  for (std::int64_t i = thread_index(); i < piece_count * weights; i += thread_count()) {
    const std::int64_t piece = i / weights, c = i % channels, tap = i % weights / channels;
    const std::int64_t t = tap % s.kernel_w, r = tap / s.kernel_w;
    const std::int64_t end = piece_begin(s.batch * out_h, piece_count, piece + 1);
    float sum = 0;
    for (std::int64_t row = piece_begin(s.batch * out_h, piece_count, piece); row < end; ++row) {
      const std::int64_t h = row % out_h * s.stride_h - s.pad_h + r * s.dilation_h;
      if (h < 0 || h >= s.in_h) continue;
      const float* const x_row = x + (row / out_h * s.in_h + h) * s.in_w * channels + c;
      for (std::int64_t q = 0; q < out_w; ++q) {
        const std::int64_t w = q * s.stride_w - s.pad_w + t * s.dilation_w;
        if (w < 0 || w >= s.in_w) continue;
        sum += x_row[w * channels] * grad_y[(row * out_w + q) * channels + c];
      }
    }
    pieces[piece * weights + c * taps + tap] = sum;
  }
}

}  // namespace

void conv2d_depthwise(const ops::Conv2d& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_weights(op.weight, Direction::forward);
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  const std::int64_t parts = (s.in_channels + kChannelsOfThread - 1) / kChannelsOfThread;
  const Grid grid = grid_over(s.batch * s.out_h() * s.out_w() * parts);
  EpilogueOf epilogue(op, grid, parts * kChannelsOfThread);
  const bool four = s.in_channels % 4 == 0 && aligned_for_four({x, y, weights->data()});
  launch(four ? depthwise_forward<4> : depthwise_forward<1>, grid, s, x, weights->data(),
         weights->columns(), *epilogue, y);
  epilogue.finish();
  tally_zeros_of_x(tally, s, op.x);
}

void conv2d_grad_input_depthwise(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_weights(op.weight, Direction::forward);
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  const bool four = s.in_channels % 4 == 0 && aligned_for_four({grad_y, grad_x, weights->data()});
  launch(four ? depthwise_backward_input<4> : depthwise_backward_input<1>,
         grid_over(s.x_size() / (four ? 4 : 1)), s, grad_y, weights->data(), weights->columns(),
         grad_x);
  tally_zeros_of_grad_input(tally, s, op);
}

void conv2d_grad_weight_depthwise(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const std::int64_t piece_count = pieces_of(s.batch * s.out_h(), s.weight_size());
  const Tensor pieces({piece_count, s.weight_size()}, DType::f32, Device::cuda);
  launch(depthwise_backward_weight, grid_over(pieces.numel()), s, op.x.data<float>(),
         op.grad_y.data<float>(), piece_count, pieces.mutable_data<float>());
  add_pieces(pieces.data<float>(), piece_count, s.weight_size(),
             op.grad_weight.mutable_data<float>());
  grad_bias(op.grad_y, op.grad_bias);
  tally_zeros_of_x(tally, s, op.x);
}

}  // namespace joule::cuda
