// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cpu/bf16_weights.h"

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/skip_zero_plan.h"

namespace joule::cpu {
namespace {

// Both halves of a row's words; a single vector at the end has zeros beside it.
void round_row(const float* from, std::int64_t width, std::int64_t lanes, Bf16Pair* to) {
  for (std::int64_t v = 0; v < width; v += 2 * lanes, to += lanes) {
    const bool single = v + lanes == width;
    for (std::int64_t i = 0; i < lanes; ++i) {
      const std::uint32_t upper = single ? 0 : bf16_bits(from[v + lanes + i]);
      to[i].bits = bf16_bits(from[v + i]) | upper << 16;
    }
  }
}

}  // namespace

std::shared_ptr<const Bf16Pairs> round_to_bf16(const Conv2dShape& s, const Floats& packed) {
  const std::int64_t lanes = direct_lanes(), rows = s.kernel_h * s.kernel_w * s.in_channels;
  const SkipZeroBlocks blocks(s.out_channels, lanes);
  std::int64_t size = 0;
  for (std::int64_t o = 0; o < s.out_channels; o += blocks.columns(o)) {
    size += rows * packed_row<Bf16Pair>(blocks.columns(o), lanes);
  }
  auto rounded = std::make_shared<Bf16Pairs>(size);
  const float* from = packed.values();
  Bf16Pair* to = rounded->values();
  for (std::int64_t o = 0; o < s.out_channels; o += blocks.columns(o)) {
    const std::int64_t width = blocks.width(o), pairs = packed_row<Bf16Pair>(width, lanes);
    parallel_for(rows, 64, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        round_row(from + row * width, width, lanes, to + row * pairs);
      }
    });
    from += rows * width;
    to += rows * pairs;
  }
  return rounded;
}

}  // namespace joule::cpu
