// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/conv2d/cpu/winograd/winograd.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "joule/core/system/caches.h"
#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/winograd/plan.h"
#include "joule/kernels/conv2d/cpu/winograd/winograd.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#include "joule/kernels/conv2d/cpu/winograd/transforms.inc"

constexpr Blocking kBlocking{.lanes = kLanes, .channels = (kLanes == 16 ? 4 : 2) * kLanes};
static_assert(kBlocking.channels <= kMaxBlock);
constexpr std::int64_t kRows = 6;  // of a product's tile: its sums fill the registers

Blocking GetWinogradBlocking() { return kBlocking; }

// out[i][v] = sum_c a[i][c] * b[c][v] for kHeight rows i, the transformed tiles, and kWidth vectors
// v of output channels.
template <int kHeight, int kWidth>
HWY_NOINLINE void multiply(const float* HWY_RESTRICT a, std::int64_t a_row,
                           const float* HWY_RESTRICT b, std::int64_t depth,
                           float* HWY_RESTRICT out) {
  const Vectors d;
  Vector sums[kHeight][kWidth];
  HWY_UNROLL(6)
  for (int i = 0; i < kHeight; ++i) {
    HWY_UNROLL(4)
    for (int v = 0; v < kWidth; ++v) sums[i][v] = hn::Zero(d);
  }
  HWY_UNROLL(2)
  for (std::int64_t c = 0; c < depth; ++c, b += kWidth * kLanes) {
    Vector w[kWidth];
    HWY_UNROLL(4)
    for (int v = 0; v < kWidth; ++v) w[v] = hn::LoadU(d, b + v * kLanes);
    HWY_UNROLL(6)
    for (int i = 0; i < kHeight; ++i) {
      const auto x = hn::Set(d, a[i * a_row + c]);
      HWY_UNROLL(4)
      for (int v = 0; v < kWidth; ++v) sums[i][v] = hn::MulAdd(x, w[v], sums[i][v]);
    }
  }
  HWY_UNROLL(6)
  for (int i = 0; i < kHeight; ++i) {
    HWY_UNROLL(4)
    for (int v = 0; v < kWidth; ++v) {
      hn::StoreU(sums[i][v], d, out + (i * kWidth + v) * kLanes);
    }
  }
}

using Multiply = void (*)(const float*, std::int64_t, const float*, std::int64_t, float*);

// The products of one position of the transformed tiles.  What is left of the rows is done in even
// numbers of them; for an odd one there is room behind.
template <int kWidth>
void multiply_rows(const float* a, std::int64_t a_row, const float* b, std::int64_t depth,
                   std::int64_t rows, float* out) {
  constexpr Multiply kByHeight[] = {nullptr, multiply<2, kWidth>, multiply<4, kWidth>,
                                    multiply<6, kWidth>};
  for (std::int64_t row = 0, height; row < rows; row += height) {
    // Four and four rather than six and two, which wait for their sums.
    height = rows - row == 8 || rows - row == 7 ? 4 : std::min(kRows, round_up(rows - row, 2));
    kByHeight[height / 2](a + row * a_row, a_row, b, depth, out + row * kWidth * kLanes);
  }
}

void multiply_rows(std::int64_t vectors, const float* a, std::int64_t a_row, const float* b,
                   std::int64_t depth, std::int64_t rows, float* out) {
  if (vectors == 1) return multiply_rows<1>(a, a_row, b, depth, rows, out);
  if (vectors == 2) return multiply_rows<2>(a, a_row, b, depth, rows, out);
  if constexpr (kLanes == 16) {
    return vectors == 3 ? multiply_rows<3>(a, a_row, b, depth, rows, out)
                        : multiply_rows<4>(a, a_row, b, depth, rows, out);
  }
}

// The pixels of a tile with a border; those outside of the image are `zeros`.
template <int kSide>
struct BorderedTile {
  const float* at[kSide][kSide];

  BorderedTile(const WinogradPass& p, const float* image, const float* zeros, std::int64_t top,
               std::int64_t left) {
    const bool inside = top >= 0 && left >= 0 && top + kSide <= p.in_h && left + kSide <= p.in_w;
    for (std::int64_t i = 0; i < kSide; ++i) {
      const bool row_inside = inside || (top + i >= 0 && top + i < p.in_h);
      const float* const row = image + ((top + i) * p.in_w + left) * p.in;
      for (std::int64_t j = 0; j < kSide; ++j) {
        const bool there = inside || (row_inside && left + j >= 0 && left + j < p.in_w);
        at[i][j] = there ? row + j * p.in : zeros;
      }
    }
  }
};

// to[position * plane + c] for all channels c; behind the last one, zeros up to a whole vector.
template <int kSize>
void transform_input(BorderedTile<kSize + 2>& pixels, std::int64_t channels, float* to,
                     std::int64_t plane) {
  constexpr int kSide = kSize + 2;
  const Vectors d;
  float tail[kSide][kSide][kLanes];
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    if (c + kLanes > channels) {
      std::memset(tail, 0, sizeof tail);
      for (int i = 0; i < kSide; ++i) {
        for (int j = 0; j < kSide; ++j) {
          std::copy_n(pixels.at[i][j] + c, channels - c, tail[i][j]);
          pixels.at[i][j] = tail[i][j] - c;
        }
      }
    }
    both_ways<kSide, kSide>(
        [&](int i, int j) HWY_ATTR {
          // What the next tile of the row begins to read.
          if (j >= 2) hwy::Prefetch(pixels.at[i][j] + kSize * channels + c);
          return hn::LoadU(d, pixels.at[i][j] + c);
        },
        [](const auto& x, auto& t) HWY_ATTR { Line<kSize>::input(x, t); },
        [&](int i, int j, Vector t)
            HWY_ATTR { hn::StoreU(t, d, to + (i * kSide + j) * plane + c); });
  }
}

// Where the outputs of a tile go: the part of it that is inside of the image.
struct TileOutput {
  float* y;
  std::int64_t rows, columns, row_floats, channels;  // from row to row, from pixel to pixel
};

// `columns` output channels of one tile; kWhole: in whole vectors, and all of its pixels.
template <int kSize, bool kWhole>
void transform_output(const float* from, std::int64_t plane, const float* bias,
                      std::int64_t columns, const TileOutput& out) {
  constexpr int kSide = kSize + 2;
  const Vectors d;
  for (std::int64_t v = 0; v < columns; v += kLanes) {
    const auto b = hn::LoadU(d, bias + v);
    both_ways<kSide, kSize>(
        [&](int i, int j) HWY_ATTR { return hn::LoadU(d, from + (i * kSide + j) * plane + v); },
        [](const auto& t, auto& sums) HWY_ATTR { Line<kSize>::output(t, sums); },
        [&](int i, int j, Vector y) HWY_ATTR {
          if (!kWhole && (i >= out.rows || j >= out.columns)) return;
          float* const to = out.y + i * out.row_floats + j * out.channels + v;
          const auto sum = hn::Add(y, b);
          if (kWhole || v + kLanes <= columns) {
            hn::StoreU(sum, d, to);
          } else {
            float padded[kLanes];
            hn::StoreU(sum, d, padded);
            std::copy_n(padded, columns - v, to);
          }
        });
  }
}

// body(tile, image, row of tiles, tile of the row) for all tiles of a block, `tile` from 0 on.
template <class Body>
void for_each_tile(const WinogradRun& run, std::int64_t block, Body&& body) {
  const std::int64_t first = block * run.block_pieces;
  const std::int64_t end = std::min(first + run.block_pieces, run.tiles.pieces);
  std::int64_t tile = 0;
  for (std::int64_t index = first; index < end; ++index) {
    const WinogradTiles::Piece piece = run.tiles.at(index);
    for (std::int64_t column = piece.first; column < piece.last; ++column) {
      body(tile++, piece.image, piece.row, column);
    }
  }
}

// A block of tiles: its inputs are transformed; then of each block of output channels (whose
// weights stream by once) the products of all positions, and of these, still in L2, the outputs.
template <int kSize>
void run_block(const WinogradRun& run, std::int64_t turn, float* scratch) {
  constexpr int kSide = kSize + 2;
  const std::int64_t block = turn / run.groups;
  const WinogradPass& p = run.pass;
  const float* const zeros = scratch;
  float* const transformed = scratch + round_up(p.in, kLanes);
  const std::int64_t row = WinogradRun::row_of(p.in, kLanes);
  const std::int64_t plane = run.block_tiles() * row;
  float* const products = transformed + kSide * kSide * plane + row;
  std::int64_t tiles = 0;
  for_each_tile(run, block,
                [&](std::int64_t tile, std::int64_t image, std::int64_t i, std::int64_t j) {
                  BorderedTile<kSide> pixels(p, run.x + image * p.in_h * p.in_w * p.in, zeros,
                                             i * kSize - p.pad_h, j * kSize - p.pad_w);
                  transform_input<kSize>(pixels, p.in, transformed + tile * row, plane);
                  tiles = tile + 1;
                });
  const auto [begin, end] = run.channels_of(turn % run.groups, kBlocking);
  const float* weights = run.weights + kSide * kSide * p.in * begin;
  for (std::int64_t o = begin, columns; o < end; o += columns) {
    columns = kBlocking.columns(o, p.out);
    const std::int64_t width = round_up(columns, kLanes);
    const std::int64_t products_plane = round_up(tiles, 2) * width + 16;
    for (std::int64_t at = 0; at < kSide * kSide; ++at, weights += p.in * width) {
      multiply_rows(width / kLanes, transformed + at * plane, row, weights, p.in, tiles,
                    products + at * products_plane);
    }
    float bias[kMaxBlock] = {};
    if (run.bias) std::copy_n(run.bias + o, columns, bias);
    for_each_tile(
        run, block, [&](std::int64_t tile, std::int64_t image, std::int64_t i, std::int64_t j) {
          const std::int64_t top = i * kSize, left = j * kSize;
          const TileOutput out{run.y + ((image * p.out_h + top) * p.out_w + left) * p.out + o,
                               std::min<std::int64_t>(kSize, p.out_h - top),
                               std::min<std::int64_t>(kSize, p.out_w - left), p.out_w * p.out,
                               p.out};
          const bool whole = out.rows == kSize && out.columns == kSize && columns == width;
          (whole ? transform_output<kSize, true>
                 : transform_output<kSize, false>)(products + tile * width, products_plane, bias,
                                                   columns, out);
        });
  }
}

void RunWinogradBlock(const WinogradRun& run, std::int64_t turn, float* scratch) {
  if (run.tiles.size == 2) return run_block<2>(run, turn, scratch);
  run_block<4>(run, turn, scratch);
}

// G w G^T of kWeightRun input channels, from c on, of the block of output channels at o.
template <int kSize>
void transform_weights(const WinogradWeights& from, std::int64_t in, std::int64_t c, std::int64_t o,
                       std::int64_t columns, float* to) {
  constexpr int kSide = kSize + 2;
  const Vectors d;
  const std::int64_t width = round_up(columns, kLanes), count = std::min(kWeightRun, in - c);
  float taps[9][kWeightRun][kMaxBlock] = {};  // of which the vectors are whole
  for (std::int64_t v = 0; v < columns; ++v) {
    for (std::int64_t tap = 0; tap < 9; ++tap) {
      const float* const w = from.w + (o + v) * from.out + c * from.in + tap * from.tap;
      for (std::int64_t i = 0; i < count; ++i) taps[tap][i][v] = w[i * from.in];
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t v = 0; v < width; v += kLanes) {
      both_ways<3, kSide>(
          [&](int r, int s) HWY_ATTR { return hn::LoadU(d, taps[r * 3 + s][i] + v); },
          [](const auto& g, auto& t) HWY_ATTR { Line<kSize>::weights(g, t); },
          [&](int down, int across, Vector t) HWY_ATTR {
            hn::StoreU(t, d, to + ((down * kSide + across) * in + c + i) * width + v);
          });
    }
  }
}

void TransformWeights(WinogradTile tile, const WinogradWeights& from, std::int64_t in,
                      std::int64_t c, std::int64_t o, std::int64_t columns, float* to) {
  if (tile == WinogradTile::two) return transform_weights<2>(from, in, c, o, columns, to);
  transform_weights<4>(from, in, c, o, columns, to);
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(GetWinogradBlocking);
HWY_EXPORT(RunWinogradBlock);
HWY_EXPORT(TransformWeights);

namespace {

Blocking winograd_blocking() { return HWY_DYNAMIC_DISPATCH(GetWinogradBlocking)(); }

std::int64_t positions(WinogradTile tile) {
  const auto side = static_cast<std::int64_t>(tile) + 2;
  return side * side;
}

// Blocks of as many tiles as fit half of L2, transformed and multiplied: the more, the
// seldomer the weights are read, which come from L3 or from memory.
std::int64_t pieces_of_a_block(WinogradTile tile, const WinogradPass& p,
                               const WinogradTiles& tiles) {
  constexpr std::int64_t kLeastTiles = 12, kMostTiles = 48;
  const Blocking b = winograd_blocking();
  const std::int64_t floats =
      positions(tile) * (WinogradRun::row_of(p.in, b.lanes) + std::min(b.channels, p.out));
  const std::int64_t fit = level2_cache_bytes() / 2 / (floats * 4);
  return std::max<std::int64_t>(1, std::clamp(fit, kLeastTiles, kMostTiles) / tiles.piece);
}

// Each thread has as many turns as the others: blocks of tiles or, of few, groups of output
// channels, each of which transforms the inputs for itself and reads other weights.
void divide(WinogradRun& run, const Blocking& b) {
  const std::int64_t threads = num_threads(), channel_blocks = ceil_div(run.pass.out, b.channels);
  const std::int64_t blocks = run.blocks();
  run.groups = std::min(channel_blocks, ceil_div(threads, std::max<std::int64_t>(1, blocks)));
  const std::int64_t turns = round_up(blocks * run.groups, threads);
  const std::int64_t wanted = std::max<std::int64_t>(1, turns / run.groups);
  run.block_pieces = std::max<std::int64_t>(1, ceil_div(run.tiles.pieces, wanted));
}

// Pixels of the output are told of by whole rows of tiles, or by each row of a piece of one.
std::int64_t items(const WinogradTiles& t) {
  return t.row_pieces == 1 ? t.pieces : t.pieces * t.size;
}

void tell(const WinogradRun& run, std::int64_t block, const PixelsDone& done) {
  const WinogradTiles& t = run.tiles;
  const std::int64_t height = run.pass.out_h, width = run.pass.out_w;
  const std::int64_t first = block * run.block_pieces;
  const std::int64_t end = std::min(first + run.block_pieces, t.pieces);
  for (std::int64_t index = first; index < end; ++index) {
    const WinogradTiles::Piece piece = t.at(index);
    const std::int64_t top = piece.row * t.size, rows = std::min(t.size, height - top);
    const std::int64_t pixel = (piece.image * height + top) * width;
    if (t.row_pieces == 1) {
      done(index, pixel, rows * width);
      continue;
    }
    const std::int64_t left = piece.first * t.size, right = std::min(piece.last * t.size, width);
    for (std::int64_t i = 0; i < rows; ++i) {
      done(index * t.size + i, pixel + i * width + left, right - left);
    }
  }
}

void run_pass(WinogradTile tile, const WinogradPass& pass, const float* x, const Floats& weights,
              const float* bias, float* y, const PixelsDone& done) {
  const WinogradTiles tiles(tile, pass);
  const Blocking b = winograd_blocking();
  WinogradRun run{.pass = pass,
                  .tiles = tiles,
                  .block_pieces = pieces_of_a_block(tile, pass, tiles),
                  .groups = 1,
                  .x = x,
                  .weights = weights.values(),
                  .bias = bias,
                  .y = y};
  divide(run, b);
  const bool at_once = done && run.groups == 1;  // a pixel has all of its channels
  parallel_for(run.blocks() * run.groups, 1, [&](std::int64_t begin, std::int64_t end) {
    const Floats scratch(run.scratch_floats(b));
    std::fill_n(scratch.values(), round_up(pass.in, b.lanes), 0.0f);
    for (std::int64_t turn = begin; turn < end; ++turn) {
      HWY_DYNAMIC_DISPATCH(RunWinogradBlock)(run, turn, scratch.values());
      if (at_once) tell(run, turn, done);
    }
  });
  if (!done || at_once) return;
  parallel_for(run.blocks(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) tell(run, block, done);
  });
}

std::shared_ptr<const Floats> transformed(WinogradTile tile, std::int64_t in, std::int64_t out,
                                          const WinogradWeights& from) {
  const Blocking b = winograd_blocking();
  auto packed = std::make_shared<Floats>(b.packed(positions(tile) * in, 1, out));
  const std::int64_t runs = ceil_div(in, kWeightRun);
  parallel_for(ceil_div(out, b.channels) * runs, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t item = begin; item < end; ++item) {
      const std::int64_t o = item / runs * b.channels;
      HWY_DYNAMIC_DISPATCH(TransformWeights)
      (tile, from, in, item % runs * kWeightRun, o, b.columns(o, out),
       packed->values() + positions(tile) * in * o);
    }
  });
  return packed;
}

}  // namespace

std::shared_ptr<const Floats> winograd_weights(WinogradTile tile, const Conv2dShape& s,
                                               const float* w) {
  return transformed(tile, s.in_channels, s.out_channels,
                     {.w = w, .out = 9 * s.in_channels, .in = 1, .tap = s.in_channels});
}

std::shared_ptr<const Floats> winograd_grad_input_weights(WinogradTile tile, const Conv2dShape& s,
                                                          const float* w) {
  return transformed(
      tile, s.out_channels, s.in_channels,
      {.w = w + 8 * s.in_channels, .out = 1, .in = 9 * s.in_channels, .tap = -s.in_channels});
}

std::int64_t winograd_items(WinogradTile tile, const Conv2dShape& s) {
  return items(WinogradTiles(tile, WinogradPass::forward(s)));
}

void conv2d_winograd(WinogradTile tile, const Conv2dShape& s, const float* x, const Floats& w,
                     const float* bias, float* y, const PixelsDone& done) {
  run_pass(tile, WinogradPass::forward(s), x, w, bias, y, done);
}

void conv2d_grad_input_winograd(WinogradTile tile, const Conv2dShape& s, const float* grad_y,
                                const Floats& w, float* grad_x) {
  run_pass(tile, WinogradPass::grad_input(s), grad_y, w, nullptr, grad_x, nullptr);
}

}  // namespace joule::cpu
#endif
