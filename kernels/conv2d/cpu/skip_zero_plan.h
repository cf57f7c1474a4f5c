// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/bf16_weights.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/direct_plan.h"

// How the kernels that skip zeros divide their work and pack their weights.
namespace joule::cpu {

/// Accumulators of a pixel; one more register holds the broadcast.
inline constexpr std::int64_t kMostVectors = 8;

/// Output channels in blocks of at most kMostVectors vectors, as equal as whole vectors allow.
class SkipZeroBlocks {
 public:
  SkipZeroBlocks(std::int64_t channels, std::int64_t lanes)
      : channels_(channels),
        lanes_(lanes),
        block_(ceil_div(ceil_div(channels, lanes), ceil_div(channels, kMostVectors * lanes)) *
               lanes) {}

  /// The channels of the block that begins at `o`.
  std::int64_t columns(std::int64_t o) const { return std::min(block_, channels_ - o); }
  /// The floats of a packed row of the block.
  std::int64_t width(std::int64_t o) const { return round_up(columns(o), lanes_); }

 private:
  std::int64_t channels_, lanes_, block_;
};

/// The most input channels, of one tap or of several adjacent ones, that a pixel meets in one
/// visit: 64, or 128 if their weights for a block of output channels then take at most 32 KiB with
/// vectors of 16, so that the pixels that stream through leave them in a 48 KiB L1.  Fewer than 64
/// channels need masks merged from several pixels; merging into 128 bits costs more than it saves.
template <class Weight>
std::int64_t most_per_visit(std::int64_t in_channels, std::int64_t columns) {
  const std::int64_t lanes = direct_lanes();
  const std::int64_t bytes = 128 * packed_row<Weight>(columns, lanes) * sizeof(Weight);
  return in_channels >= 64 && bytes <= lanes * 2048 ? 128 : 64;
}

/// Adjacent taps that a pixel meets in one visit.
struct TapGroup {
  std::int64_t h, w, count;
};

/// All taps of a pass in groups of at most `most` input channels.  The group that most pixels meet
/// comes first: it starts their sums.  Never empty; no other group has more taps than the
/// first.
inline std::vector<TapGroup> tap_groups(const Pass& pass, std::int64_t in_channels,
                                        std::int64_t most) {
  const std::int64_t fit = pass.w.tap_step == 1 ? most / std::min(most, in_channels) : 1;
  const std::int64_t together = std::min(fit, std::max<std::int64_t>(1, pass.w.taps));
  std::vector<TapGroup> groups;
  for (std::int64_t h = 0; h < pass.h.taps; ++h) {
    for (std::int64_t w = 0; w < pass.w.taps; w += together) {
      groups.push_back({h, w, std::min(together, pass.w.taps - w)});
    }
  }
  if (groups.empty()) return {{0, 0, 0}};
  const std::int64_t in_row = ceil_div(pass.w.taps, together);
  // If the number of groups is even, the end of the kernel's row may cut the middle one short.
  const auto middle = groups.begin() + pass.h.taps / 2 * in_row + (in_row - 1) / 2;
  std::rotate(groups.begin(), middle, middle + 1);
  return groups;
}

/// The weights to pack for one tap, a block of output channels and some input channels:
/// to[c][v] = from[v * out_stride + c * in_stride], and zeros from `columns` to `width`.
struct PackedBlock {
  const float* from;
  std::int64_t in_stride, out_stride, channels, columns, width;
  float* to;
};
void pack_block(const PackedBlock& block);

/// The floats of the packed weights of a pass.
inline std::int64_t packed_floats(const Pass& pass, std::int64_t in_channels,
                                  std::int64_t out_channels) {
  return pass.h.taps * pass.w.taps * in_channels * round_up(out_channels, direct_lanes());
}

/// Where the weight of (out channel, in channel) of a pass lies, and where to pack it.
struct PassWeights {
  Pass pass;
  std::int64_t out_channels, in_channels, out_stride, in_stride;
  const float* from;
  float* to;
};

/// The weights of all passes of a convolution or of its input gradient, one after the other, each
/// packed by pack(shape, PassWeights).
template <class Pack>
std::shared_ptr<const Floats> pack_passes(const Conv2dShape& s, bool grad_input, const float* w,
                                          Pack&& pack) {
  const std::int64_t taps = s.kernel_h * s.kernel_w, filter = taps * s.in_channels;
  const std::int64_t out = grad_input ? s.in_channels : s.out_channels;
  const std::int64_t in = grad_input ? s.out_channels : s.in_channels;
  const auto packed = std::make_shared<Floats>(taps * in * round_up(out, direct_lanes()));
  float* to = packed->values();
  for (const Pass& pass : grad_input ? grad_input_passes(s) : std::vector{forward_pass(s)}) {
    pack(s, PassWeights{pass, out, in, grad_input ? 1 : filter, grad_input ? filter : 1, w, to});
    to += packed_floats(pass, in, out);
  }
  return packed;
}

/// Calls run(first, last) in parallel for items of about `together` consecutive pieces, as equal as
/// the threads allow, and calls `done` (which may be empty) for each piece.
template <class Run>
void run_items(const Pass& pass, const Items& pieces, std::int64_t together, const PixelsDone& done,
               Run&& run) {
  const std::int64_t items =
      std::min(pieces.count, round_up(ceil_div(pieces.count, together), num_threads()));
  parallel_for(items, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t item = begin; item < end; ++item) {
      const std::int64_t first = pieces.count * item / items;
      const std::int64_t last = pieces.count * (item + 1) / items;
      run(first, last);
      if (!done) continue;
      for (std::int64_t piece = first; piece < last; ++piece) {
        const auto [image, top, bottom] = pieces.at(piece, pass.h.count);
        done(piece, (image * pass.h.count + top) * pass.w.count, (bottom - top) * pass.w.count);
      }
    }
  });
}

}  // namespace joule::cpu
