// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/pool/max_pool2d_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <vector>

#include "joule/core/threads.h"
#include "joule/core/zero_mask.h"
#include "joule/kernels/pool/pool_impl.h"
#include "joule/kernels/pool/pool_rows.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/lanes.inc"

// One vector of channels of one output pixel at a time: its taps are kernel.h runs of the input,
// and the maximum and its index stay in registers.
template <bool kIndex>
std::int64_t max_pool2d_rows(const MaxPool2dRows& args) {
  const PoolShape& s = args.shape;
  const std::int64_t words = (s.channels + 63) / 64;
  std::int64_t nonzeros = 0;
  for (std::int64_t row = args.begin; row < args.end; ++row) {
    const std::int64_t n = row / s.out_h, p = row % s.out_h;
    const PoolRange rows = s.taps_h(p);
    for (std::int64_t q = 0; q < s.out_w; ++q) {
      const PoolRange columns = s.taps_w(q);
      const std::int64_t pixel = row * s.out_w + q;
      const std::int64_t corner =
          (n * s.in_h + p * s.stride.h - s.padding.h) * s.in_w + q * s.stride.w - s.padding.w;
      for (std::int64_t word = 0; word < words; ++word) {
        const std::int64_t first = word * 64;
        std::uint64_t bits = 0;
        cover_channels(std::min<std::int64_t>(64, s.channels - first), [&](auto d, auto c) {
          const hn::RebindToSigned<decltype(d)> di;
          const auto tap_at = [&](std::int64_t r, std::int64_t t) {
            return hn::LoadU(d, args.x + (corner + r * s.in_w + t) * s.channels + first + c);
          };
          const auto tap_number = [&](std::int64_t r, std::int64_t t) {
            return hn::Set(di, static_cast<std::int32_t>(r * s.kernel.w + t));
          };
          auto best = tap_at(rows.first, columns.first);
          [[maybe_unused]] auto winner = tap_number(rows.first, columns.first);
          for (std::int64_t r = rows.first; r < rows.last; ++r) {
            for (std::int64_t t = columns.first; t < columns.last; ++t) {
              const auto value = tap_at(r, t);
              const auto wins = hn::Or(hn::Gt(value, best), hn::IsNaN(value));
              best = hn::IfThenElse(wins, value, best);
              if constexpr (kIndex) {
                winner = hn::IfThenElse(hn::RebindMask(di, wins), tap_number(r, t), winner);
              }
            }
          }
          hn::StoreU(best, d, args.y + pixel * s.channels + first + c);
          if constexpr (kIndex) {
            const hn::Rebind<std::uint8_t, decltype(d)> bytes;
            hn::StoreU(hn::DemoteTo(bytes, winner), bytes,
                       args.index + pixel * args.index_stride + first + c);
          }
          bits |= nonzero_bits(d, best) << c;
        });
        args.mask[pixel * words + word] = bits;
        nonzeros += std::popcount(bits);
      }
    }
  }
  return nonzeros;
}

std::int64_t MaxPool2dRowsTarget(const MaxPool2dRows& args) {
  return args.index ? max_pool2d_rows<true>(args) : max_pool2d_rows<false>(args);
}

// Gathers: each input pixel asks the windows that cover it, so it is written once, whatever the
// overlap, and no two threads write the same.
void MaxPool2dGradRowsTarget(const MaxPool2dGradRows& args) {
  const PoolShape& s = args.shape;
  for (std::int64_t row = args.begin; row < args.end; ++row) {
    const std::int64_t n = row / s.in_h, h = row % s.in_h;
    const PoolRange rows = s.windows_h(h);
    for (std::int64_t w = 0; w < s.in_w; ++w) {
      const PoolRange columns = args.columns[w];
      float* const grad_x = args.grad_x + (row * s.in_w + w) * s.channels;
      cover_channels(s.channels, [&](auto d, auto c) {
        const hn::RebindToSigned<decltype(d)> di;
        const hn::Rebind<std::uint8_t, decltype(d)> bytes;
        auto sum = hn::Zero(d);
        for (std::int64_t p = rows.first; p < rows.last; ++p) {
          for (std::int64_t q = columns.first; q < columns.last; ++q) {
            const std::int64_t pixel = (n * s.out_h + p) * s.out_w + q;
            const std::int64_t tap = (h + s.padding.h - p * s.stride.h) * s.kernel.w +
                                     (w + s.padding.w - q * s.stride.w);
            const auto winner =
                hn::PromoteTo(di, hn::LoadU(bytes, args.index + pixel * args.index_stride + c));
            const auto won = hn::Eq(winner, hn::Set(di, static_cast<std::int32_t>(tap)));
            const auto grad_y = hn::LoadU(d, args.grad_y + pixel * s.channels + c);
            sum = hn::Add(sum, hn::IfThenElseZero(hn::RebindMask(d, won), grad_y));
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
HWY_EXPORT(MaxPool2dRowsTarget);
HWY_EXPORT(MaxPool2dGradRowsTarget);

void max_pool2d_simd(const ops::MaxPool2d& op, Context&, Tally*) {
  const PoolShape shape = shape_of(op);
  const std::int64_t rows = shape.batch * shape.out_h;
  auto mask = std::make_shared<ZeroMask>(rows * shape.out_w, shape.channels, Device::cpu);
  const auto index =
      op.index ? reinterpret_cast<std::uint8_t*>(op.index.mutable_data<std::int32_t>()) : nullptr;
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  std::atomic<std::int64_t> nonzeros = 0;  // a count: the order of the additions does not matter
  parallel_for(rows, row_grain(shape.out_w * shape.channels),
               [&](std::int64_t begin, std::int64_t end) {
                 nonzeros += HWY_DYNAMIC_DISPATCH(MaxPool2dRowsTarget)(
                     {.shape = shape,
                      .begin = begin,
                      .end = end,
                      .x = x,
                      .y = y,
                      .index = index,
                      .index_stride = index ? index_stride(op.index) : 0,
                      .mask = mask->words()});
               });
  mask->set_nonzeros(nonzeros);
  op.y.attach(std::move(mask));
}

void max_pool2d_grad_simd(const ops::MaxPool2dGrad& op, Context&, Tally*) {
  const PoolShape shape = shape_of(op);
  const std::vector<PoolRange> columns = window_columns(shape);
  const auto index = reinterpret_cast<const std::uint8_t*>(op.index.data<std::int32_t>());
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  parallel_for(shape.batch * shape.in_h, row_grain(shape.in_w * shape.channels),
               [&](std::int64_t begin, std::int64_t end) {
                 HWY_DYNAMIC_DISPATCH(MaxPool2dGradRowsTarget)
                 ({.shape = shape,
                   .begin = begin,
                   .end = end,
                   .columns = columns.data(),
                   .index = index,
                   .index_stride = index_stride(op.index),
                   .grad_y = grad_y,
                   .grad_x = grad_x});
               });
}

}  // namespace joule::cpu
#endif
