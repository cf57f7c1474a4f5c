// SPDX-License-Identifier: MIT
//
// The weights in the orders in which the direct kernel, and those that skip zeros, read them.
#include <algorithm>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/direct_plan.h"
#include "joule/kernels/conv2d/cpu/skip_zero.h"
#include "joule/kernels/conv2d/cpu/skip_zero_plan.h"

namespace joule::cpu {
namespace {

// Where the weight of (out channel of its group, in channel of its group) lies: strides of w.
struct WeightStrides {
  std::int64_t group, out, in;
};

float* pack_direct(const Pass& pass, const Conv2dShape& s, std::int64_t out_per_group,
                   std::int64_t in_per_group, const WeightStrides& stride, const float* w,
                   float* to) {
  const Blocking b = direct_blocking();
  for (std::int64_t group = 0; group < s.groups; ++group) {
    for (std::int64_t o = 0, columns; o < out_per_group; o += columns) {
      columns = b.columns(o, out_per_group);
      const std::int64_t width = round_up(columns, b.lanes);
      for (std::int64_t i = 0; i < pass.h.taps; ++i) {
        for (std::int64_t j = 0; j < pass.w.taps; ++j) {
          const std::int64_t r = pass.h.kernel_first + i * pass.h.kernel_step;
          const std::int64_t t = pass.w.kernel_first + j * pass.w.kernel_step;
          const float* const from =
              w + group * stride.group + (r * s.kernel_w + t) * s.in_per_group() + o * stride.out;
          for (std::int64_t c = 0; c < in_per_group; ++c, to += width) {
            for (std::int64_t v = 0; v < columns; ++v) to[v] = from[v * stride.out + c * stride.in];
            std::fill(to + columns, to + width, 0.0f);
          }
        }
      }
    }
  }
  return to;
}

template <class Weight>
void pack_skip_zero(const Conv2dShape& s, const PassWeights& p) {
  const Pass& pass = p.pass;
  const SkipZeroBlocks blocks(p.out_channels, direct_lanes());
  const std::int64_t most = most_per_visit<Weight>(p.in_channels, blocks.columns(0));
  const std::int64_t parts = ceil_div(p.in_channels, most), taps = pass.h.taps * pass.w.taps;
  const std::int64_t count = ceil_div(p.out_channels, blocks.columns(0)) * parts;
  parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t o = i / parts * blocks.columns(0), first = i % parts * most;
      const std::int64_t columns = blocks.columns(o), width = blocks.width(o);
      const std::int64_t channels = std::min(most, p.in_channels - first);
      float* at = p.to + taps * (o * p.in_channels + first * width);
      for (const TapGroup& group : tap_groups(pass, p.in_channels, most)) {
        for (std::int64_t tap = group.w; tap < group.w + group.count; ++tap) {
          const std::int64_t r = pass.h.kernel_first + group.h * pass.h.kernel_step;
          const std::int64_t t = pass.w.kernel_first + tap * pass.w.kernel_step;
          const float* const from =
              p.from + (r * s.kernel_w + t) * s.in_channels + o * p.out_stride;
          pack_block({.from = from + first * p.in_stride,
                      .in_stride = p.in_stride,
                      .out_stride = p.out_stride,
                      .channels = channels,
                      .columns = columns,
                      .width = width,
                      .to = at});
          at += channels * width;
        }
      }
    }
  });
}

}  // namespace

std::shared_ptr<const Floats> pack_forward(const Conv2dShape& s, const float* w) {
  const std::int64_t taps = s.kernel_h * s.kernel_w;
  auto packed = std::make_shared<Floats>(
      direct_blocking().packed(taps * s.in_per_group(), s.groups, s.out_per_group()));
  const std::int64_t filter = taps * s.in_per_group();
  pack_direct(forward_pass(s), s, s.out_per_group(), s.in_per_group(),
              {.group = s.out_per_group() * filter, .out = filter, .in = 1}, w, packed->values());
  return packed;
}

std::shared_ptr<const Floats> pack_grad_input(const Conv2dShape& s, const float* w) {
  const std::int64_t taps = s.kernel_h * s.kernel_w;
  auto packed = std::make_shared<Floats>(
      direct_blocking().packed(taps * s.out_per_group(), s.groups, s.in_per_group()));
  const std::int64_t filter = taps * s.in_per_group();
  float* to = packed->values();
  for (const Pass& pass : grad_input_passes(s)) {
    to = pack_direct(pass, s, s.in_per_group(), s.out_per_group(),
                     {.group = s.out_per_group() * filter, .out = 1, .in = filter}, w, to);
  }
  return packed;
}

template <class Weight>
std::shared_ptr<const Floats> pack_skip_zero_forward(const Conv2dShape& s, const float* w) {
  return pack_passes(s, false, w, pack_skip_zero<Weight>);
}
template std::shared_ptr<const Floats> pack_skip_zero_forward<float>(const Conv2dShape&,
                                                                     const float*);
template std::shared_ptr<const Floats> pack_skip_zero_forward<Bf16Pair>(const Conv2dShape&,
                                                                        const float*);

std::shared_ptr<const Floats> pack_skip_zero_grad_input(const Conv2dShape& s, const float* w) {
  return pack_passes(s, true, w, pack_skip_zero<float>);
}

}  // namespace joule::cpu
