// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/pool/avg_pool2d_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <cstring>
#include <vector>

#include "joule/core/backend/memory.h"
#include "joule/core/threads.h"
#include "joule/kernels/pool/avg_pool2d_reference.h"
#include "joule/kernels/pool/pool_impl.h"
#include "joule/kernels/pool/pool_rows.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

void AvgPool2dRowsTarget(const AvgPool2dRows& args) {
  const PoolShape& s = args.shape;
  for (std::int64_t row = args.begin; row < args.end; ++row) {
    const std::int64_t n = row / s.out_h, p = row % s.out_h;
    const PoolRange rows = s.taps_h(p);
    for (std::int64_t q = 0; q < s.out_w; ++q) {
      const PoolRange columns = s.taps_w(q);
      const std::int64_t corner =
          (n * s.in_h + p * s.stride.h - s.padding.h) * s.in_w + q * s.stride.w - s.padding.w;
      const float count = args.counts[p * s.out_w + q];
      float* const y = args.y + (row * s.out_w + q) * s.channels;
      cover_channels(s.channels, [&](auto d, auto c) {
        auto sum = hn::Zero(d);
        for (std::int64_t r = rows.first; r < rows.last; ++r) {
          for (std::int64_t t = columns.first; t < columns.last; ++t) {
            sum = hn::Add(sum, hn::LoadU(d, args.x + (corner + r * s.in_w + t) * s.channels + c));
          }
        }
        hn::StoreU(hn::Div(sum, hn::Set(d, count)), d, y + c);
      });
    }
  }
}

// The gradient of each window's sum.  Divided once a window, not once a tap.
void WindowGradsTarget(const WindowGrads& args) {
  const PoolShape& s = args.shape;
  for (std::int64_t row = args.begin; row < args.end; ++row) {
    const float* const counts = args.counts + row % s.out_h * s.out_w;
    for (std::int64_t q = 0; q < s.out_w; ++q) {
      const std::int64_t first = (row * s.out_w + q) * s.channels;
      cover_channels(s.channels, [&](auto d, auto c) {
        const auto grad_y = hn::LoadU(d, args.grad_y + first + c);
        hn::StoreU(hn::Div(grad_y, hn::Set(d, counts[q])), d, args.grad_sum + first + c);
      });
    }
  }
}

void AvgPool2dGradRowsTarget(const AvgPool2dGradRows& args) {
  const PoolShape& s = args.shape;
  for (std::int64_t row = args.begin; row < args.end; ++row) {
    const std::int64_t n = row / s.in_h, h = row % s.in_h;
    const PoolRange rows = s.windows_h(h);
    for (std::int64_t w = 0; w < s.in_w; ++w) {
      const PoolRange columns = args.columns[w];
      float* const grad_x = args.grad_x + (row * s.in_w + w) * s.channels;
      cover_channels(s.channels, [&](auto d, auto c) {
        auto sum = hn::Zero(d);
        for (std::int64_t p = rows.first; p < rows.last; ++p) {
          for (std::int64_t q = columns.first; q < columns.last; ++q) {
            const std::int64_t pixel = (n * s.out_h + p) * s.out_w + q;
            sum = hn::Add(sum, hn::LoadU(d, args.grad_sum + pixel * s.channels + c));
          }
        }
        hn::StoreU(sum, d, grad_x + c);
      });
    }
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(AvgPool2dRowsTarget);
HWY_EXPORT(WindowGradsTarget);
HWY_EXPORT(AvgPool2dGradRowsTarget);

namespace {

/// Counted once: it takes divisions, which cost more than the sums of a vector.
std::vector<float> counts_of(const PoolShape& s, bool count_include_pad) {
  std::vector<float> counts;
  counts.reserve(static_cast<std::size_t>(s.out_h * s.out_w));
  for (std::int64_t p = 0; p < s.out_h; ++p) {
    for (std::int64_t q = 0; q < s.out_w; ++q) {
      counts.push_back(static_cast<float>(reference::avg_pool2d_count(s, count_include_pad, p, q)));
    }
  }
  return counts;
}

}  // namespace

void avg_pool2d_simd(const ops::AvgPool2d& op, Context&, Tally*) {
  const PoolShape shape = shape_of(op);
  const std::vector<float> counts = counts_of(shape, op.count_include_pad);
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  parallel_for(
      shape.batch * shape.out_h, row_grain(shape.out_w * shape.channels),
      [&](std::int64_t begin, std::int64_t end) {
        HWY_DYNAMIC_DISPATCH(AvgPool2dRowsTarget)
        ({.shape = shape, .counts = counts.data(), .begin = begin, .end = end, .x = x, .y = y});
      });
}

void avg_pool2d_grad_simd(const ops::AvgPool2dGrad& op, Context&, Tally*) {
  const PoolShape shape = shape_of(op);
  const std::vector<PoolRange> columns = window_columns(shape);
  const std::vector<float> counts = counts_of(shape, op.count_include_pad);
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  const Storage scratch(op.grad_y.numel() * sizeof(float), Device::cpu);
  float* const grad_sum = reinterpret_cast<float*>(scratch.data());
  parallel_for(shape.batch * shape.out_h, row_grain(shape.out_w * shape.channels),
               [&](std::int64_t begin, std::int64_t end) {
                 HWY_DYNAMIC_DISPATCH(WindowGradsTarget)
                 ({.shape = shape,
                   .counts = counts.data(),
                   .begin = begin,
                   .end = end,
                   .grad_y = grad_y,
                   .grad_sum = grad_sum});
               });
  parallel_for(shape.batch * shape.in_h, row_grain(shape.in_w * shape.channels),
               [&](std::int64_t begin, std::int64_t end) {
                 HWY_DYNAMIC_DISPATCH(AvgPool2dGradRowsTarget)
                 ({.shape = shape,
                   .begin = begin,
                   .end = end,
                   .columns = columns.data(),
                   .grad_sum = grad_sum,
                   .grad_x = grad_x});
               });
}

}  // namespace joule::cpu
#endif
