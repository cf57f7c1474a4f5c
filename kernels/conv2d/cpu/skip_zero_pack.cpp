// SPDX-License-Identifier: MIT
//
// The weights in the order in which the kernels that skip zeros read them.
#include <algorithm>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/skip_zero.h"
#include "joule/kernels/conv2d/cpu/skip_zero_plan.h"

namespace joule::cpu {
namespace {

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
