// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/floats_cuda.h"
#include "joule/kernels/pool/pool_shape.h"

// What the CUDA kernels of the poolings share; private to this folder.
namespace joule::cuda {

struct Division {
  std::int64_t quotient, remainder;
};

/// For non-negative numbers.  32-bit division is several times as fast as 64-bit.
__device__ inline Division divide(std::int64_t value, std::int64_t by) {
  if ((value | by) >> 32 == 0) {
    const auto v = static_cast<unsigned>(value), b = static_cast<unsigned>(by);
    return {v / b, v % b};
  }
  return {value / by, value % by};
}

/// A pixel of images [N, height, width].
struct Pixel {
  std::int64_t n, h, w;
};

__device__ inline Pixel pixel_at(std::int64_t index, std::int64_t height, std::int64_t width) {
  const Division rows = divide(index, width);
  const Division images = divide(rows.quotient, height);
  return {images.quotient, images.remainder, rows.remainder};
}

/// The output pixels whose window covers an input pixel: PoolShape::windows_h() and _w().
struct Windows {
  PoolRange rows, columns;
};

__device__ inline PoolRange windows_at(std::int64_t at, std::int64_t kernel, std::int64_t stride,
                                       std::int64_t count) {
  const std::int64_t first = at < kernel ? 0 : divide(at - kernel, stride).quotient + 1;
  return {first, min(count, divide(at, stride).quotient + 1)};
}

__device__ inline Windows windows_of(const PoolShape& s, const Pixel& x) {
  return {windows_at(x.h + s.padding.h, s.kernel.h, s.stride.h, s.out_h),
          windows_at(x.w + s.padding.w, s.kernel.w, s.stride.w, s.out_w)};
}

/// One thread per kCount channels of out [pixels, channels]:
/// out[pixel, channel] = value(pixel, channel), a Floats<kCount>.  channels % kCount must be 0.
template <int kCount, class Value>
__global__ void write_pixels(float* out, std::int64_t pixels, std::int64_t channels, Value value) {
  const std::int64_t groups = channels / kCount;
  for (std::int64_t i = thread_index(); i < pixels * groups; i += thread_count()) {
    const Division at = divide(i, groups);
    const std::int64_t channel = at.remainder * kCount;
    value(at.quotient, channel).store(out + at.quotient * channels + channel);
  }
}

/// Queues write_pixels() with Value<4>{arguments...}, which reads from `in`, or with Value<1>.
template <template <int> class Value, class... Arguments>
void launch_pixels(float* out, const float* in, std::int64_t pixels, std::int64_t channels,
                   const Arguments&... arguments) {
  if (channels % 4 == 0 && aligned_for_four({out, in})) {
    const Value<4> value{arguments...};
    launch(write_pixels<4, Value<4>>, grid_over(pixels * channels / 4), out, pixels, channels,
           value);
  } else {
    const Value<1> value{arguments...};
    launch(write_pixels<1, Value<1>>, grid_over(pixels * channels), out, pixels, channels, value);
  }
}

}  // namespace joule::cuda
