// SPDX-License-Identifier: MIT
#include "joule/kernels/pool/pool_cuda.h"
#include "joule/kernels/pool/pool_impl.h"
#include "joule/kernels/product/masked_rows_cuda.h"

namespace joule::cuda {
namespace {

/// The taps of kCount channels, a byte each.
template <int kCount>
struct alignas(kCount) Taps {
  std::uint8_t at[kCount];
};

/// The maximum over the window of output pixel `place.row`; leaves the winner in the index.
template <int kCount>
struct MaxOf {
  PoolShape s;
  const float* x;
  std::uint8_t* index;  // or null
  std::int64_t index_stride;

  __device__ Floats<kCount> operator()(const Place& place) const {
    const Pixel y = pixel_at(place.row, s.out_h, s.out_w);
    const PoolRange rows = s.taps_h(y.h), columns = s.taps_w(y.w);
    const float* const window = x +
                                ((y.n * s.in_h + y.h * s.stride.h - s.padding.h) * s.in_w +
                                 y.w * s.stride.w - s.padding.w) *
                                    s.channels +
                                place.channel;
    const auto value_at = [&](std::int64_t r, std::int64_t t) {
      return Floats<kCount>::load(window + (r * s.in_w + t) * s.channels);
    };
    auto best = value_at(rows.first, columns.first);
    int winner[kCount];
    for (int& tap : winner) tap = static_cast<int>(rows.first * s.kernel.w + columns.first);
    for (std::int64_t r = rows.first; r < rows.last; ++r) {
      for (std::int64_t t = columns.first; t < columns.last; ++t) {
        const auto value = value_at(r, t);
        for (int k = 0; k < kCount; ++k) {
          if (value.at[k] > best.at[k] || isnan(value.at[k])) {
            best.at[k] = value.at[k];
            winner[k] = static_cast<int>(r * s.kernel.w + t);
          }
        }
      }
    }
    if (index) {
      Taps<kCount> taps;
      for (int k = 0; k < kCount; ++k) taps.at[k] = static_cast<std::uint8_t>(winner[k]);
      *reinterpret_cast<Taps<kCount>*>(index + place.row * index_stride + place.channel) = taps;
    }
    return best;
  }
};

/// One thread per output element, or four channels, of chunks of 4096; see write_masked().  Bound:
/// the input once (windows that overlap find it in the caches), 5 bytes per output, and a bit.
template <int kCount>
__global__ void max_of_windows(MaskedRows y, MaxOf<kCount> value) {
  write_masked<kCount>(y, value);
}

/// The gradients of the windows that an input element has won, gathered: it is written once,
/// whatever the overlap, and no two threads write the same.
template <int kCount>
struct GradOfWinners {
  PoolShape s;
  const std::uint8_t* index;
  std::int64_t index_stride;
  const float* grad_y;

  __device__ Floats<kCount> operator()(std::int64_t pixel, std::int64_t channel) const {
    const Pixel x = pixel_at(pixel, s.in_h, s.in_w);
    const Windows windows = windows_of(s, x);
    Floats<kCount> sum{};
    for (std::int64_t p = windows.rows.first; p < windows.rows.last; ++p) {
      for (std::int64_t q = windows.columns.first; q < windows.columns.last; ++q) {
        const std::int64_t y = (x.n * s.out_h + p) * s.out_w + q;
        const std::int64_t tap = (x.h + s.padding.h - p * s.stride.h) * s.kernel.w +
                                 (x.w + s.padding.w - q * s.stride.w);
        const auto taps =
            *reinterpret_cast<const Taps<kCount>*>(index + y * index_stride + channel);
        const auto grad = Floats<kCount>::load(grad_y + y * s.channels + channel);
        for (int k = 0; k < kCount; ++k) sum.at[k] += taps.at[k] == tap ? grad.at[k] : 0;
      }
    }
    return sum;
  }
};

}  // namespace

void max_pool2d(const ops::MaxPool2d& op, Context&, Tally*) {
  const PoolShape shape = shape_of(op);
  const float* const x = op.x.data<float>();
  std::uint8_t* const index =
      op.index ? reinterpret_cast<std::uint8_t*>(op.index.mutable_data<std::int32_t>()) : nullptr;
  const std::int64_t stride = index ? index_stride(op.index) : 0;
  const auto mask = unwritten_mask(op.y);
  const MaskedRows y(op.y, *mask);
  if (y.four_at_once({x})) {
    const MaxOf<4> value{shape, x, index, stride};
    launch(max_of_windows<4>, y.grid(), y, value);
  } else {
    const MaxOf<1> value{shape, x, index, stride};
    launch(max_of_windows<1>, y.grid(), y, value);
  }
  op.y.attach(mask);
}

/// One thread per input element, or four channels.  Bound: 5 bytes per output, 4 per input.
void max_pool2d_grad(const ops::MaxPool2dGrad& op, Context&, Tally*) {
  const PoolShape shape = shape_of(op);
  const auto index = reinterpret_cast<const std::uint8_t*>(op.index.data<std::int32_t>());
  const float* const grad_y = op.grad_y.data<float>();
  launch_pixels<GradOfWinners>(op.grad_x.mutable_data<float>(), grad_y,
                               shape.batch * shape.in_h * shape.in_w, shape.channels, shape, index,
                               index_stride(op.index), grad_y);
}

}  // namespace joule::cuda
