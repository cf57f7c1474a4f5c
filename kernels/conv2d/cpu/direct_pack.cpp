// SPDX-License-Identifier: MIT
//
// The weights in the order in which the direct kernel reads them.
#include <algorithm>

#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/direct_plan.h"

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

}  // namespace joule::cpu
