// SPDX-License-Identifier: MIT
#include "joule/kernels/pool/avg_pool2d_reference.h"
#include "joule/kernels/pool/pool_cuda.h"
#include "joule/kernels/pool/pool_impl.h"

namespace joule::cuda {
namespace {

template <int kCount>
struct MeanOf {
  PoolShape s;
  bool count_include_pad;
  const float* x;

  __device__ Floats<kCount> operator()(std::int64_t pixel, std::int64_t channel) const {
    const Pixel y = pixel_at(pixel, s.out_h, s.out_w);
    const PoolRange rows = s.taps_h(y.h), columns = s.taps_w(y.w);
    const float* const window = x +
                                ((y.n * s.in_h + y.h * s.stride.h - s.padding.h) * s.in_w +
                                 y.w * s.stride.w - s.padding.w) *
                                    s.channels +
                                channel;
    Floats<kCount> sum{};
    for (std::int64_t r = rows.first; r < rows.last; ++r) {
      for (std::int64_t t = columns.first; t < columns.last; ++t) {
        const auto value = Floats<kCount>::load(window + (r * s.in_w + t) * s.channels);
        for (int k = 0; k < kCount; ++k) sum.at[k] += value.at[k];
      }
    }
    const auto count =
        static_cast<float>(reference::avg_pool2d_count(s, count_include_pad, y.h, y.w));
    for (int k = 0; k < kCount; ++k) sum.at[k] /= count;
    return sum;
  }
};

/// Gathered, as the gradient of the maximum.
template <int kCount>
struct GradOfMeans {
  PoolShape s;
  bool count_include_pad;
  const float* grad_y;

  __device__ Floats<kCount> operator()(std::int64_t pixel, std::int64_t channel) const {
    const Pixel x = pixel_at(pixel, s.in_h, s.in_w);
    const Windows windows = windows_of(s, x);
    Floats<kCount> sum{};
    for (std::int64_t p = windows.rows.first; p < windows.rows.last; ++p) {
      for (std::int64_t q = windows.columns.first; q < windows.columns.last; ++q) {
        const auto count =
            static_cast<float>(reference::avg_pool2d_count(s, count_include_pad, p, q));
        const std::int64_t y = (x.n * s.out_h + p) * s.out_w + q;
        const auto grad = Floats<kCount>::load(grad_y + y * s.channels + channel);
        for (int k = 0; k < kCount; ++k) sum.at[k] += grad.at[k] / count;
      }
    }
    return sum;
  }
};

}  // namespace

/// One thread per output element, or four channels.  Bound: each operand once; windows that overlap
/// find their inputs in the caches.
void avg_pool2d(const ops::AvgPool2d& op, Context&, Tally*) {
  const PoolShape shape = shape_of(op);
  const float* const x = op.x.data<float>();
  launch_pixels<MeanOf>(op.y.mutable_data<float>(), x, shape.batch * shape.out_h * shape.out_w,
                        shape.channels, shape, op.count_include_pad, x);
}

/// One thread per input element, or four channels.  Bound: each operand once.
void avg_pool2d_grad(const ops::AvgPool2dGrad& op, Context&, Tally*) {
  const PoolShape shape = shape_of(op);
  const float* const grad_y = op.grad_y.data<float>();
  launch_pixels<GradOfMeans>(op.grad_x.mutable_data<float>(), grad_y,
                             shape.batch * shape.in_h * shape.in_w, shape.channels, shape,
                             op.count_include_pad, grad_y);
}

}  // namespace joule::cuda
