// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "joule/kernels/conv2d/cpu/direct_plan.h"

// What the driver of skip_unwanted.cpp passes to the code that is compiled per
// instruction set.
namespace joule::cpu {

/// The channels of grad_y in blocks, as equal as whole vectors allow, such that the pixels that a
/// tile of grad_x reads stay in L1.
class TermBlocks {
 public:
  TermBlocks(std::int64_t channels, std::int64_t lanes)
      : channels_(channels),
        block_(round_up(ceil_div(channels, ceil_div(channels, kMost)), lanes)),
        lanes_(lanes) {}

  std::int64_t columns(std::int64_t o) const { return std::min(block_, channels_ - o); }
  /// The floats of a pixel of the block, in whole vectors.
  std::int64_t width(std::int64_t o) const { return round_up(columns(o), lanes_); }
  /// The floats of a pixel of all blocks.
  std::int64_t packed_width() const { return round_up(channels_, lanes_); }

 private:
  static constexpr std::int64_t kMost = 128;
  std::int64_t channels_, block_, lanes_;
};

/// The outputs of a pass in rectangles of at most 64 pixels of one image, so that one word tells
/// which of them want a channel.  More pixels reuse a channel's weights more often, but what they
/// read of grad_y should stay in L1.  Depends on the shape alone.
struct Tiles {
  std::int64_t rows, columns, down, across, count;

  Tiles(std::int64_t images, const Pass& pass, std::int64_t width) {
    constexpr std::int64_t kWindowFloats = 12800;  // 8 x 8 pixels of 128 channels, 3 x 3 taps
    constexpr std::int64_t kMostColumns = 8;
    const std::int64_t h = std::max<std::int64_t>(1, pass.h.count);
    const std::int64_t w = std::max<std::int64_t>(1, pass.w.count);
    columns = ceil_div(w, ceil_div(w, kMostColumns));
    rows = std::min(h, 64 / columns);
    while (rows > 1 && pass.h.extent(rows) * pass.w.extent(columns) * width > kWindowFloats) --rows;
    rows = ceil_div(h, ceil_div(h, rows));
    down = ceil_div(h, rows);
    across = ceil_div(w, columns);
    count = images * down * across;
  }

  struct Tile {
    std::int64_t image, row, rows, column, columns;
  };
  Tile at(std::int64_t i, const Pass& pass) const {
    const std::int64_t row = i / across % down * rows, column = i % across * columns;
    return {i / across / down, row, std::min(rows, pass.h.count - row), column,
            std::min(columns, pass.w.count - column)};
  }
};

/// How many words of channels have weights that stay in a 1 MiB L2.
inline std::int64_t words_in_cache(std::int64_t channel_floats) {
  constexpr std::int64_t kWeightFloats = 160 * 1024;
  return std::max<std::int64_t>(1, kWeightFloats / std::max<std::int64_t>(1, 64 * channel_floats));
}

/// One pass over a batch.
struct SkipUnwantedRun {
  Pass pass;
  Tiles tiles;
  TermBlocks blocks;
  std::int64_t terms;  // channels of grad_y
  std::int64_t channels;
  const float* grad_y;
  const std::uint64_t* wanted;
  const float* weights;  // packed
  float* grad_x;

  std::int64_t taps() const { return pass.h.taps * pass.w.taps; }
  /// The floats of the pixels of grad_y that a tile reads.
  std::int64_t window_floats() const {
    return pass.h.extent(tiles.rows) * pass.w.extent(tiles.columns) * blocks.width(0);
  }
};

}  // namespace joule::cpu
