// SPDX-License-Identifier: MIT
#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/pieces.h"

namespace joule::cuda {
namespace {

/// One thread per sum.  4 bytes per piece and sum.
__global__ void sum_over_pieces(const float* pieces, std::int64_t piece_count, std::int64_t count,
                                float* out) {
  for (std::int64_t i = thread_index(); i < count; i += thread_count()) {
    float sum = 0;
    for (std::int64_t k = 0; k < piece_count; ++k) sum += pieces[k * count + i];
    out[i] = sum;
  }
}

/// One thread per piece and channel: its pixels one after the other.  Reads grad_y once.
__global__ void sum_over_pixels(const float* grad_y, std::int64_t pixels, std::int64_t channels,
                                std::int64_t piece_count, float* pieces) {
  for (std::int64_t i = thread_index(); i < piece_count * channels; i += thread_count()) {
    const std::int64_t piece = i / channels;
    const std::int64_t end = piece_begin(pixels, piece_count, piece + 1);
    float sum = 0;
    for (std::int64_t pixel = piece_begin(pixels, piece_count, piece); pixel < end; ++pixel) {
      sum += grad_y[pixel * channels + i % channels];
    }
    pieces[i] = sum;
  }
}

}  // namespace

void add_pieces(const float* pieces, std::int64_t piece_count, std::int64_t count, float* out) {
  launch(sum_over_pieces, grid_over(count), pieces, piece_count, count, out);
}

void grad_bias(const Tensor& grad_y, const Tensor& grad_bias) {
  if (!grad_bias) return;
  const std::int64_t channels = grad_bias.numel(), pixels = grad_y.numel() / channels;
  const std::int64_t piece_count = pieces_of(pixels, channels);
  const Tensor pieces({piece_count, channels}, DType::f32, Device::cuda);
  launch(sum_over_pixels, grid_over(pieces.numel()), grad_y.data<float>(), pixels, channels,
         piece_count, pieces.mutable_data<float>());
  add_pieces(pieces.data<float>(), piece_count, channels, grad_bias.mutable_data<float>());
}

}  // namespace joule::cuda
