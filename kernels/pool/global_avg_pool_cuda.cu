// SPDX-License-Identifier: MIT
#include "joule/kernels/pool/pool_cuda.h"
#include "joule/kernels/pool/pool_impl.h"

namespace joule::cuda {
namespace {

/// One thread per channel of an image, whose pixels it adds in their order.  4 bytes per input.
__global__ void mean_of_images(const float* x, std::int64_t images, std::int64_t pixels,
                               std::int64_t channels, float* y) {
  for (std::int64_t i = thread_index(); i < images * channels; i += thread_count()) {
    const Division at = divide(i, channels);
    const float* const from = x + at.quotient * pixels * channels + at.remainder;
    float sum = 0;
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) sum += from[pixel * channels];
    y[i] = sum / static_cast<float>(pixels);
  }
}

template <int kCount>
struct GradOfImages {
  std::int64_t pixels, channels;  // of an image
  const float* grad_y;

  __device__ Floats<kCount> operator()(std::int64_t pixel, std::int64_t channel) const {
    auto grad = Floats<kCount>::load(grad_y + divide(pixel, pixels).quotient * channels + channel);
    for (int k = 0; k < kCount; ++k) grad.at[k] /= static_cast<float>(pixels);
    return grad;
  }
};

}  // namespace

void global_avg_pool(const ops::GlobalAvgPool& op, Context&, Tally*) {
  const std::int64_t images = op.x.dim(0), pixels = op.x.dim(1) * op.x.dim(2);
  launch(mean_of_images, grid_over(op.y.numel()), op.x.data<float>(), images, pixels, op.x.dim(3),
         op.y.mutable_data<float>());
}

/// One thread per input element, or four channels.  4 bytes per input.
void global_avg_pool_grad(const ops::GlobalAvgPoolGrad& op, Context&, Tally*) {
  const std::int64_t pixels = op.grad_x.dim(1) * op.grad_x.dim(2), channels = op.grad_x.dim(3);
  const float* const grad_y = op.grad_y.data<float>();
  launch_pixels<GradOfImages>(op.grad_x.mutable_data<float>(), grad_y, op.grad_x.dim(0) * pixels,
                              channels, pixels, channels, grad_y);
}

}  // namespace joule::cuda
