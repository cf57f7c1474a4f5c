// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/pool/global_avg_pool_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <cstring>

#include "joule/core/threads.h"
#include "joule/kernels/pool/pool_impl.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

// x [pixels, channels], y [channels], which holds the sums on the way: a row of channels stays in
// the first-level cache, while x is read once, in its order.
void GlobalAvgPoolTarget(std::int64_t pixels, std::int64_t channels, const float* x, float* y) {
  for_each_channel(channels, [&](auto d, auto c) { hn::StoreU(hn::Zero(d), d, y + c); });
  for (std::int64_t i = 0; i < pixels; ++i) {
    for_each_channel(channels, [&](auto d, auto c) {
      hn::StoreU(hn::Add(hn::LoadU(d, y + c), hn::LoadU(d, x + i * channels + c)), d, y + c);
    });
  }
  for_each_channel(channels, [&](auto d, auto c) {
    const auto count = hn::Set(d, static_cast<float>(pixels));
    hn::StoreU(hn::Div(hn::LoadU(d, y + c), count), d, y + c);
  });
}

void GlobalAvgPoolGradTarget(std::int64_t pixels, std::int64_t channels, const float* grad_y,
                             float* grad_x) {
  for_each_channel(channels, [&](auto d, auto c) {
    const auto count = hn::Set(d, static_cast<float>(pixels));
    hn::StoreU(hn::Div(hn::LoadU(d, grad_y + c), count), d, grad_x + c);
  });
  for (std::int64_t i = 1; i < pixels; ++i) {
    std::memcpy(grad_x + i * channels, grad_x, static_cast<std::size_t>(channels) * sizeof(float));
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(GlobalAvgPoolTarget);
HWY_EXPORT(GlobalAvgPoolGradTarget);

void global_avg_pool_simd(const ops::GlobalAvgPool& op, Context&, Tally*) {
  const std::int64_t pixels = op.x.dim(1) * op.x.dim(2), channels = op.x.dim(3);
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  parallel_for(op.x.dim(0), row_grain(pixels * channels),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t n = begin; n < end; ++n) {
                   HWY_DYNAMIC_DISPATCH(GlobalAvgPoolTarget)
                   (pixels, channels, x + n * pixels * channels, y + n * channels);
                 }
               });
}

void global_avg_pool_grad_simd(const ops::GlobalAvgPoolGrad& op, Context&, Tally*) {
  const std::int64_t pixels = op.grad_x.dim(1) * op.grad_x.dim(2), channels = op.grad_x.dim(3);
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_for(op.grad_x.dim(0), row_grain(pixels * channels),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t n = begin; n < end; ++n) {
                   HWY_DYNAMIC_DISPATCH(GlobalAvgPoolGradTarget)
                   (pixels, channels, grad_y + n * channels, grad_x + n * pixels * channels);
                 }
               });
}

}  // namespace joule::cpu
#endif
