// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include "joule/kernels/conv2d/cpu/direct_plan.h"
#include "joule/kernels/conv2d/cpu/winograd/winograd.h"

// What the drivers of winograd.cpp pass to the code that is compiled per instruction set.
namespace joule::cpu {

/// A correlation of images [in_h, in_w, in] with 3x3 kernels, to images [out_h, out_w, out].
struct WinogradPass {
  std::int64_t images, in_h, in_w, in, out_h, out_w, out;
  std::int64_t pad_h, pad_w;  // zeros above and to the left; if negative, what is cropped there

  static WinogradPass forward(const Conv2dShape& s) {
    return {s.batch,   s.in_h,         s.in_w,  s.in_channels, s.out_h(),
            s.out_w(), s.out_channels, s.pad_h, s.pad_w};
  }
  static WinogradPass grad_input(const Conv2dShape& s) {
    return {s.batch, s.out_h(),     s.out_w(),   s.out_channels, s.in_h,
            s.in_w,  s.in_channels, 2 - s.pad_h, 2 - s.pad_w};
  }
};

/// How many input channels' weights are transformed at a time.
inline constexpr std::int64_t kWeightRun = 8;

/// Where the weight of (out channel, in channel, tap) of a pass lies.
struct WinogradWeights {
  const float* w;
  std::int64_t out, in, tap;  // strides; for a kernel read backwards, w is its last tap
};

/// The tiles of a pass, in pieces of a row of tiles; threads take turns at blocks of consecutive
/// pieces.
struct WinogradTiles {
  static constexpr std::int64_t kPiece = 16;  // tiles, at most

  std::int64_t size;          // m
  std::int64_t down, across;  // tiles per image
  std::int64_t row_pieces;    // pieces per row of tiles,
  std::int64_t piece;         // tiles per piece,
  std::int64_t pieces;        // and pieces in total

  WinogradTiles(WinogradTile tile, const WinogradPass& p)
      : size(static_cast<std::int64_t>(tile)),
        down(ceil_div(p.out_h, size)),
        across(ceil_div(p.out_w, size)),
        row_pieces(ceil_div(across, kPiece)),
        piece(ceil_div(across, row_pieces)),
        pieces(p.images * down * row_pieces) {}

  /// One piece: tiles [first, last) of a row of an image.
  struct Piece {
    std::int64_t image, row, first, last;
  };
  Piece at(std::int64_t index) const {
    const std::int64_t row = index / row_pieces, first = index % row_pieces * piece;
    return {row / down, row % down, first, std::min(first + piece, across)};
  }
};

/// A run of a pass.
struct WinogradRun {
  WinogradPass pass;
  WinogradTiles tiles;
  std::int64_t block_pieces;
  std::int64_t groups;  // of blocks of output channels; each is scheduled by itself
  const float* x;
  const float* weights;  // packed
  const float* bias;     // or null
  float* y;

  std::int64_t positions() const { return (tiles.size + 2) * (tiles.size + 2); }
  std::int64_t block_tiles() const { return block_pieces * tiles.piece; }
  std::int64_t blocks() const { return ceil_div(tiles.pieces, block_pieces); }
  /// The output channels [first, second) of a group, in whole blocks.
  std::pair<std::int64_t, std::int64_t> channels_of(std::int64_t group, const Blocking& b) const {
    const std::int64_t count = ceil_div(pass.out, b.channels);
    return {group * count / groups * b.channels,
            std::min((group + 1) * count / groups * b.channels, pass.out)};
  }

  /// The stride of transformed tiles in floats: not a power of two, since those share cache sets.
  static std::int64_t row_of(std::int64_t channels, std::int64_t lanes) {
    return round_up(channels, lanes) + 16;
  }
  std::int64_t scratch_floats(const Blocking& b) const {
    const std::int64_t row = row_of(pass.in, b.lanes);  // and one extra, for an odd number
    return round_up(pass.in, b.lanes) + positions() * block_tiles() * row + row +
           positions() * (round_up(block_tiles(), 2) * b.channels + 16);
  }
};

}  // namespace joule::cpu
