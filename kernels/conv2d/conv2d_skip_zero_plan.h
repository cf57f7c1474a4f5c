// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/conv2d/conv2d_direct_plan.h"

// What the drivers of conv2d_skip_zero.cpp hand to the code that is compiled per instruction set.
namespace joule::cpu {

/// Accumulators of a pixel; one more register is the broadcast.
inline constexpr std::int64_t kMostVectors = 8;

/// Output channels in blocks of at most kMostVectors vectors, as even as whole vectors allow.
class SkipZeroBlocks {
 public:
  SkipZeroBlocks(std::int64_t channels, std::int64_t lanes)
      : channels_(channels),
        lanes_(lanes),
        block_(ceil_div(ceil_div(channels, lanes), ceil_div(channels, kMostVectors * lanes)) *
               lanes) {}

  /// Channels of the block that begins at `o`.
  std::int64_t columns(std::int64_t o) const { return std::min(block_, channels_ - o); }
  /// Floats that a packed row of the block takes.
  std::int64_t width(std::int64_t o) const { return round_up(columns(o), lanes_); }
  /// Floats that a packed row of all blocks takes.
  std::int64_t packed_width() const { return round_up(channels_, lanes_); }

 private:
  std::int64_t channels_, lanes_, block_;
};

/// Taps, side by side, that a pixel meets in one visit.
struct TapGroup {
  std::int64_t h, w, count;
};

/// All taps of a pass in groups whose weights for one block of output channels and `in_channels`
/// (at most 64) input channels take at most 32 KiB, so that the pixels that stream by leave them in
/// a 48 KiB L1.  First the one that most pixels meet: it begins their sums.  Never empty.
inline std::vector<TapGroup> tap_groups(const Pass& pass, std::int64_t in_channels,
                                        std::int64_t width) {
  constexpr std::int64_t kWeightFloats = 8 * 1024;
  const std::int64_t together = std::max<std::int64_t>(1, kWeightFloats / (in_channels * width));
  std::vector<TapGroup> groups;
  for (std::int64_t h = 0; h < pass.h.taps; ++h) {
    for (std::int64_t w = 0; w < pass.w.taps; w += together) {
      groups.push_back({h, w, std::min(together, pass.w.taps - w)});
    }
  }
  if (groups.empty()) return {{0, 0, 0}};
  const std::int64_t in_row = ceil_div(pass.w.taps, together);
  const auto middle = groups.begin() + pass.h.taps / 2 * in_row + in_row / 2;
  std::rotate(groups.begin(), middle, middle + 1);
  return groups;
}

/// The weights of one tap, a block of output channels and some input channels, to be packed:
/// to[c][v] = from[v * out_stride + c * in_stride], and zeros from `columns` to `width`.
struct PackedBlock {
  const float* from;
  std::int64_t in_stride, out_stride, channels, columns, width;
  float* to;
};
void pack_block(const PackedBlock& block);

/// One pass over a batch that skips the zeros of `in`.
struct SkipZeroRun {
  Pass pass;
  Items pieces;
  SkipZeroBlocks blocks;
  std::int64_t in_channels, out_channels;
  const float* in;
  const std::uint64_t* mask;
  const float* weights;  // packed
  const float* bias;     // or null
  float* out;
};

}  // namespace joule::cpu
