// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/relu/relu_cpu.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "joule/core/threads.h"
#include "joule/core/zero_mask.h"
#include "joule/kernels/relu/relu_impl.h"
#include "joule/kernels/relu/relu_reference.h"
#include "joule/kernels/relu/relu_rows.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/l0/l0_lanes.inc"
#include "joule/kernels/lanes.inc"

// One word (up to 64 channels of one pixel) at a time, so that the mask never leaves a register.
// The L0 sum runs in float over one row of at most a few thousand values, then in double.
template <bool kBias, bool kL0>
std::int64_t relu_rows(const ReluRows& args) {
  const hn::ScalableTag<float> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t words = (args.channels + 63) / 64;
  [[maybe_unused]] const auto sigma = hn::Set(d, args.sigma);
  std::int64_t nonzeros = 0;
  [[maybe_unused]] double l0_total = 0;
  for (std::int64_t row = 0; row < args.rows; ++row) {
    const float* const x = args.x + row * args.channels;
    float* const y = args.y + row * args.channels;
    [[maybe_unused]] auto l0 = hn::Zero(d);
    [[maybe_unused]] float l0_tail = 0;
    for (std::int64_t word = 0; word < words; ++word) {
      const std::int64_t begin = word * 64;
      const std::int64_t end = std::min(begin + 64, args.channels);
      std::uint64_t bits = 0;
      std::int64_t c = begin;
      const auto rectify = [&](auto tag) {
        auto v = hn::LoadU(tag, x + c);
        if constexpr (kBias) v = hn::Add(v, hn::LoadU(tag, args.bias + c));
        v = hn::IfThenZeroElse(hn::Le(v, hn::Set(tag, args.threshold)), v);
        hn::StoreU(v, tag, y + c);
        bits |= nonzero_bits(tag, v) << (c - begin);
        return v;
      };
      for (; c + lanes <= end; c += lanes) {
        [[maybe_unused]] const auto v = rectify(d);
        if constexpr (kL0) l0 = hn::Add(l0, smooth_l0(d, v, sigma));
      }
      if constexpr (hn::MaxLanes(hn::ScalableTag<float>()) > 8) {
        const hn::CappedTag<float, 8> half;  // all that a narrow layer has
        if (c + 8 <= end) {
          [[maybe_unused]] const auto v = rectify(half);
          if constexpr (kL0) {
            const auto l0_half = smooth_l0(half, v, hn::Set(half, args.sigma));
            l0_tail += hn::GetLane(hn::SumOfLanes(half, l0_half));
          }
          c += 8;
        }
      }
      for (; c < end; ++c) {
        float v = x[c];
        if constexpr (kBias) v += args.bias[c];
        v = v <= args.threshold ? 0.0f : v;
        y[c] = v;
        bits |= std::uint64_t{v != 0} << (c - begin);
        if constexpr (kL0) l0_tail += reference::smooth_l0(v, args.sigma);
      }
      args.mask[row * words + word] = bits;
      nonzeros += std::popcount(bits);
    }
    if constexpr (kL0) l0_total += hn::GetLane(hn::SumOfLanes(d, l0)) + l0_tail;
  }
  if constexpr (kL0) *args.l0_sum += l0_total;
  return nonzeros;
}

std::int64_t ReluRowsTarget(const ReluRows& args) {
  if (args.bias) return args.l0_sum ? relu_rows<true, true>(args) : relu_rows<true, false>(args);
  return args.l0_sum ? relu_rows<false, true>(args) : relu_rows<false, false>(args);
}

template <bool kL0>
std::int64_t relu_grad_rows(const ReluGradRows& args) {
  const hn::ScalableTag<float> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t words = (args.channels + 63) / 64;
  [[maybe_unused]] const auto sigma = hn::Set(d, args.sigma);
  const float reach = reference::smooth_l0_reach(args.sigma, args.cutoff);
  [[maybe_unused]] const auto most = hn::Set(d, reach);
  [[maybe_unused]] const auto scale = hn::Set(d, 2 * args.grad_l0);
  std::int64_t nonzeros = 0;
  for (std::int64_t row = 0; row < args.rows; ++row) {
    const std::int64_t at = row * args.channels;
    for (std::int64_t word = 0; word < words; ++word) {
      const std::uint64_t live = args.y_mask[row * words + word];
      const std::int64_t begin = word * 64;
      const std::int64_t end = std::min(begin + 64, args.channels);
      std::uint64_t bits = 0;
      std::int64_t c = begin;
      for (; c + lanes <= end; c += lanes) {
        std::uint8_t bytes[8];
        const std::uint64_t here = live >> (c - begin);
        std::memcpy(bytes, &here, sizeof here);
        auto g = hn::LoadU(d, args.grad_y + at + c);
        if constexpr (kL0) {
          const auto y = hn::LoadU(d, args.y + at + c);
          g = hn::Add(g, scaled_smooth_l0_slope(d, y, sigma, most, scale));
        }
        g = hn::IfThenElseZero(hn::LoadMaskBits(d, bytes), g);
        hn::StoreU(g, d, args.grad_x + at + c);
        bits |= nonzero_bits(d, g) << (c - begin);
      }
      for (; c < end; ++c) {
        float g = 0;
        if (live >> (c - begin) & 1) {
          g = args.grad_y[at + c];
          if constexpr (kL0) {
            g += args.grad_l0 * reference::smooth_l0_derivative(args.y[at + c], args.sigma, reach);
          }
        }
        args.grad_x[at + c] = g;
        bits |= std::uint64_t{g != 0} << (c - begin);
      }
      args.grad_mask[row * words + word] = bits;
      nonzeros += std::popcount(bits);
    }
  }
  return nonzeros;
}

std::int64_t ReluGradRowsTarget(const ReluGradRows& args) {
  return args.grad_l0 != 0 ? relu_grad_rows<true>(args) : relu_grad_rows<false>(args);
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(ReluRowsTarget);
HWY_EXPORT(ReluGradRowsTarget);

std::int64_t relu_rows(const ReluRows& args) { return HWY_DYNAMIC_DISPATCH(ReluRowsTarget)(args); }
std::int64_t relu_grad_rows(const ReluGradRows& args) {
  return HWY_DYNAMIC_DISPATCH(ReluGradRowsTarget)(args);
}

void relu_simd(const ops::Relu& op, Context&, Tally*) {
  const float* const x = op.x.data<float>();
  float* const y = op.y.mutable_data<float>();
  const std::int64_t channels = op.x.shape().rank() ? op.x.dim(-1) : 1;
  const std::int64_t rows = channels ? op.x.numel() / channels : 0;
  auto mask = std::make_shared<ZeroMask>(rows, channels, Device::cpu);
  struct Sums {
    std::int64_t nonzeros = 0;
    double l0 = 0;
    void operator+=(const Sums& o) { nonzeros += o.nonzeros, l0 += o.l0; }
  };
  const Sums sums = parallel_sum<Sums>(rows, channels, [&](std::int64_t begin, std::int64_t end) {
    Sums piece;
    piece.nonzeros = relu_rows({.rows = end - begin,
                                .channels = channels,
                                .x = x + begin * channels,
                                .bias = nullptr,
                                .y = y + begin * channels,
                                .mask = mask->words(begin),
                                .sigma = op.sigma,
                                .l0_sum = op.l0_sum ? &piece.l0 : nullptr,
                                .threshold = op.threshold});
    return piece;
  });
  mask->set_nonzeros(sums.nonzeros);
  if (op.l0_sum) *op.l0_sum.mutable_data<float>() = static_cast<float>(sums.l0);
  op.y.attach(std::move(mask));
}

void relu_grad_simd(const ops::ReluGrad& op, Context&, Tally*) {
  const auto y_mask = op.y.zero_mask();
  const float* const y = op.y.data<float>();
  const float* const grad_y = op.grad_y.data<float>();
  float* const grad_x = op.grad_x.mutable_data<float>();
  const std::int64_t channels = y_mask->channels();
  auto mask = std::make_shared<ZeroMask>(y_mask->rows(), channels, Device::cpu);
  const float grad_l0 = op.grad_l0 ? *op.grad_l0.data<float>() : 0.0f;
  mask->set_nonzeros(parallel_sum<std::int64_t>(
      y_mask->rows(), channels, [&](std::int64_t begin, std::int64_t end) {
        const std::int64_t at = begin * channels;
        return HWY_DYNAMIC_DISPATCH(ReluGradRowsTarget)({.rows = end - begin,
                                                         .channels = channels,
                                                         .y = y + at,
                                                         .y_mask = y_mask->words(begin),
                                                         .grad_y = grad_y + at,
                                                         .grad_x = grad_x + at,
                                                         .grad_mask = mask->words(begin),
                                                         .sigma = op.sigma,
                                                         .cutoff = op.cutoff,
                                                         .grad_l0 = grad_l0});
      }));
  op.grad_x.attach(std::move(mask));
}

}  // namespace joule::cpu
#endif
