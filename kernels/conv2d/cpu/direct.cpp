// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/conv2d/cpu/direct.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/direct.h"
#include "joule/kernels/conv2d/cpu/direct_plan.h"
#include "joule/kernels/conv2d/window.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Vectors = hn::ScalableTag<float>;
constexpr std::int64_t kLanes = hn::MaxLanes(Vectors());
constexpr int kTileRows = 6;
constexpr int kMostTileRows = 12;

// Rows of a tile of so many vectors, where it is free to choose: narrow tiles have registers left,
// and what a tile costs besides its sums is shared by more of them.
constexpr int tile_rows(std::int64_t vectors) {
  return vectors <= (kLanes == 16 ? 2 : 1) ? kMostTileRows : kTileRows;
}

constexpr Blocking kBlocking{.lanes = kLanes, .channels = (kLanes == 16 ? 4 : 2) * kLanes};
static_assert(kBlocking.channels <= kMaxBlock);

Blocking GetBlocking() { return kBlocking; }

#include "joule/kernels/conv2d/cpu/direct_tiles.inc"

// One item of a pass: some rows of one image, all output channels.
// Order: block of output channels (its weights stay in L2), then tiles of consecutive pixels,
// also across the ends of rows, so that only an item's last tile is not full: it repeats the last
// pixel; or, for short sums, tiles of one row each.  Taps with which a tile would read only rows
// above or below the image are left out.
void RunPassItem(const PassRun& run, std::int64_t item, float* scratch) {
  const PassAxis& h = run.pass.h;
  const PassAxis& w = run.pass.w;
  const auto [image, first, last] = run.items.at(item, h.count);
  const std::int64_t in_channels = run.in_per_group * run.groups;
  const std::int64_t out_channels = run.out_per_group * run.groups;
  const Window x = window(run.in + image * h.in * w.in * in_channels, h.in, w.in, in_channels,
                          {.row = h.in_first + first * h.in_step,
                           .rows = h.extent(last - first),
                           .col = w.in_first,
                           .cols = w.extent(w.count)},
                          scratch);
  float* const out = run.out + image * h.out * w.out * out_channels;
  const bool merged = run.groups == 1 && w.tap_step == 1;  // a row of taps is contiguous in x
  const std::int64_t tap_row = w.taps * run.in_per_group;

  const std::int64_t a_pixel = w.in_step * in_channels, out_pixel = w.step * out_channels;
  // All rows are one if they lie so in x and in y, as those of a 1x1 kernel do.
  const bool one_row =
      h.in_step * x.pitch == w.count * a_pixel && h.step * w.out == w.count * w.step;
  const std::int64_t together = one_row ? last - first : 1;
  const bool is_short =
      h.taps * tap_row <= kMostShortSteps && together * w.count >= kFewestShortRows;
  std::int64_t offsets[kMostShortSteps];  // into x, of each step of a short sum
  for (std::int64_t row = 0, step = 0; is_short && row < h.taps; ++row) {
    for (std::int64_t tap = 0; tap < w.taps; ++tap) {
      const std::int64_t at = row * h.tap_step * x.pitch + tap * w.tap_step * in_channels;
      for (std::int64_t c = 0; c < run.in_per_group; ++c) offsets[step++] = at + c;
    }
  }

  Ahead nothing({run.in, 0}, {}, 1);  // forward and grad-input were not seen to gain
  const float* weights = run.weights;
  Tile t;
  for (std::int64_t o = 0; o < out_channels; o += t.columns) {
    t.columns = kBlocking.columns(o, run.out_per_group);
    const std::int64_t width = round_up(t.columns, kLanes);
    float init[kMaxBlock] = {};
    if (run.bias) std::copy_n(run.bias + o, t.columns, init);
    const int rows = tile_rows(ceil_div(t.columns, kLanes));
    std::fill_n(t.init, rows, init);
    Box k{.rows = 0,
          .a_row = h.tap_step * x.pitch,
          .b_row = tap_row * width,
          .runs = merged ? 1 : w.taps,
          .a_run = w.tap_step * in_channels,
          .b_run = run.in_per_group * width,
          .length = merged ? tap_row : run.in_per_group,
          .a_step = 1,
          .b_step = width};
    const float* const x_group = x.origin + o / run.out_per_group * run.in_per_group;
    if (is_short) {
      for (std::int64_t u = first; u < last; u += together) {
        const auto [begin, end] = h.taps_inside(u, u + together - 1);
        const std::int64_t y_row = (h.first + u * h.step) * w.out + w.first;
        run_short_sums({.a = x_group + (u - first) * h.in_step * x.pitch,
                        .a_pixel = a_pixel,
                        .offsets = offsets + begin * tap_row,
                        .steps = (end - begin) * tap_row,
                        .b = weights + begin * k.b_row,
                        .b_step = width,
                        .init = init,
                        .out = out + y_row * out_channels + o,
                        .out_pixel = out_pixel,
                        .columns = t.columns},
                       together * w.count);
      }
      weights += h.taps * k.b_row;
      continue;
    }
    const bool no_gaps = out_pixel == t.columns && w.count == w.out && h.step == 1;
    const float* a = x_group;
    float* y = nullptr;
    for (std::int64_t u = first, v = 0; u < last;) {
      const std::int64_t top = u;
      std::int64_t bottom = u;
      for (int i = 0; i < rows; ++i) {
        if (u == last) {
          t.a[i] = t.a[i - 1];
          t.out[i] = t.out[i - 1];
          continue;
        }
        if (v == 0) {
          a = x_group + (u - first) * h.in_step * x.pitch;
          y = out + ((h.first + u * h.step) * w.out + w.first) * out_channels + o;
        }
        bottom = u;
        t.a[i] = a;
        t.out[i] = y;
        a += a_pixel;
        y += out_pixel;
        if (++v == w.count) v = 0, ++u;
      }
      t.side_by_side = no_gaps && t.out[rows - 1] != t.out[rows - 2];
      const auto [begin, end] = h.taps_inside(top, bottom);
      k.rows = end - begin;
      for (int i = 0; begin > 0 && i < rows; ++i) t.a[i] += begin * k.a_row;
      t.b = weights + begin * k.b_row;
      run_tile(t, k, rows, nothing);
    }
    weights += h.taps * k.b_row;
  }
}

// sums[v] += sum_row b[row, v]
void add_rows(const float* b, std::int64_t rows, std::int64_t width, float* sums) {
  const Vectors d;
  for (std::int64_t v = 0; v < width; v += kLanes) {
    auto sum = hn::LoadU(d, sums + v);
    for (std::int64_t row = 0; row < rows; ++row) {
      sum = hn::Add(sum, hn::LoadU(d, b + row * width + v));
    }
    hn::StoreU(sum, d, sums + v);
  }
}

// Copies `columns` floats of each row side by side, padded with zeros to `width`.
void pack_rows(const float* from, std::int64_t rows, std::int64_t pitch, std::int64_t columns,
               std::int64_t width, float* to) {
  for (std::int64_t row = 0; row < rows; ++row, from += pitch, to += width) {
    std::copy_n(from, columns, to);
    std::fill(to + columns, to + width, 0.0f);
  }
}

// Adds one item (some rows of one image) to the partial gradients of one block of output channels
// that begins at o: [kernel_h, kernel_w, in channel, out channel of the block], then a row for the
// bias.
// Order: kernel tap, then tiles of six input channels, each summed over the pixels of the item that
// the tap finds inside the image; grad_y of the block and x stay in L2.  Six does not divide few
// channels well: then (`merged`) a tile's rows run over the taps of a kernel row too, which lie
// side by side in x, for the price of a border of zeros.
void GradWeightItem(const GradWeightRun& run, std::int64_t item, std::int64_t item_end,
                    std::int64_t o, float* partial, float* scratch) {
  const Conv2dShape& s = run.shape;
  const PassAxis& h = run.pass.h;
  const PassAxis& w = run.pass.w;
  const auto [image, first, last] = run.items.at(item, h.count);
  const std::int64_t pixels = (last - first) * w.count;
  const std::int64_t in_row = w.in * s.in_channels;
  const float* const x_image = run.x + image * h.in * in_row;
  Window x{x_image, in_row};
  std::int64_t x_row = h.in_first + first * h.in_step, x_col = w.in_first;
  if (run.merged) {
    x = window(
        x_image, h.in, w.in, s.in_channels,
        {.row = x_row, .rows = h.extent(last - first), .col = x_col, .cols = w.extent(w.count)},
        scratch);
    x_row = x_col = 0;
  }

  const std::int64_t columns = kBlocking.columns(o, s.out_per_group());
  const std::int64_t width = round_up(columns, kLanes);
  const float* dy = run.grad_y + (image * h.count + first) * w.count * s.out_channels + o;
  if (columns != s.out_channels || columns != width) {
    float* const packed = scratch + run.window_floats();
    pack_rows(dy, pixels, s.out_channels, columns, width, packed);
    dy = packed;
  }

  const std::int64_t taps_w = run.merged ? 1 : s.kernel_w;
  const std::int64_t rows = run.merged ? s.kernel_w * s.in_channels : s.in_per_group();
  const bool more = item + 1 < item_end;
  const std::int64_t next_row = image * h.in + h.in_first + last * h.in_step;
  const std::int64_t next_pixel = (image * h.count + last) * w.count;
  Ahead next({run.x + next_row * in_row, more ? (last - first) * h.in_step * in_row : 0},
             {run.grad_y + next_pixel * s.out_channels, more ? pixels * s.out_channels : 0},
             s.kernel_h * taps_w * ceil_div(rows, kTileRows) * pixels);

  Tile t;
  t.columns = width;
  Box k{.rows = 0,
        .a_row = h.in_step * x.pitch,
        .b_row = w.count * width,
        .runs = 1,
        .a_run = 0,
        .b_run = 0,
        .length = w.count,
        .a_step = w.in_step * s.in_channels,
        .b_step = width};
  for (std::int64_t tap_h = 0; tap_h < s.kernel_h; ++tap_h) {
    const auto [p, p_end] = h.outputs_inside(tap_h, first, last);
    for (std::int64_t tap_w = 0; tap_w < taps_w; ++tap_w, partial += rows * width) {
      const auto [q, q_end] =
          run.merged ? std::pair{std::int64_t{0}, w.count} : w.outputs_inside(tap_w, 0, w.count);
      k.rows = p_end - p;
      k.length = q_end - q;
      if (k.steps() == 0) continue;
      t.b = dy + (p - first) * k.b_row + q * k.b_step;
      const float* const a = x.origin +
                             (x_row + (p - first) * h.in_step + tap_h * h.tap_step) * x.pitch +
                             (x_col + q * w.in_step + tap_w * w.tap_step) * s.in_channels +
                             o / s.out_per_group() * s.in_per_group();
      for (std::int64_t i = 0; i < rows; i += kTileRows) {
        for (int j = 0; j < kTileRows; ++j) {  // past the end: the last row again
          const std::int64_t row = std::min(i + j, rows - 1);
          t.a[j] = a + row;
          t.init[j] = t.out[j] = partial + row * width;
        }
        run_tile(t, k, kTileRows, next);
      }
    }
  }
  if (run.bias) add_rows(dy, pixels, width, partial);
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(GetBlocking);
HWY_EXPORT(RunPassItem);
HWY_EXPORT(GradWeightItem);

namespace {

// What an item reads and writes, so that it stays in a 1 MiB L2 beside the weights.  The gradient
// of the weights passes over it once per tile, and wants it near.
constexpr std::int64_t kPassFloats = 96 * 1024;
constexpr std::int64_t kGradWeightFloats = 40 * 1024;
constexpr std::int64_t kUnits = 16;  // of the gradient of the weights: for as many cores

Items pass_items(const Pass& pass, std::int64_t batch, std::int64_t in_channels,
                 std::int64_t out_channels) {
  return {batch, pass.h.count,
          pass.w.extent(pass.w.count) * in_channels * pass.h.in_step + pass.w.count * out_channels,
          kPassFloats};
}

void run_pass(const PassRun& run, const PixelsDone& done) {
  parallel_for(run.items.count, 1, [&](std::int64_t begin, std::int64_t end) {
    const Floats scratch(run.scratch_floats());
    for (std::int64_t item = begin; item < end; ++item) {
      HWY_DYNAMIC_DISPATCH(RunPassItem)(run, item, scratch.values());
      if (!done) continue;
      const auto [image, first, last] = run.items.at(item, run.pass.h.count);
      done(item, (image * run.pass.h.count + first) * run.pass.w.count,
           (last - first) * run.pass.w.count);
    }
  });
}

// A block of output channels [o, o + columns) in the partial gradients.
struct Block {
  std::int64_t o, columns, width, at;
};
constexpr std::int64_t kRows = 16;

// kRows rows of a block, [piece][in][out] -> [out][in]: both sides are touched by whole cache
// lines. The last row is the gradient of the bias.
void add_pieces(const float* partial, std::int64_t pieces, std::int64_t size, std::int64_t rows,
                std::int64_t first, const Block& block, float* grad_w, float* grad_bias) {
  const std::int64_t filter = rows - 1;
  const std::int64_t count = std::min(kRows, rows - first);
  const std::int64_t floats = count * block.width;
  float sums[kRows * kMaxBlock] = {};
  for (std::int64_t piece = 0; piece < pieces; ++piece) {
    const float* const from = partial + piece * size + block.at + first * block.width;
    for (std::int64_t i = 0; i < floats; ++i) sums[i] += from[i];
  }
  for (std::int64_t v = 0; v < block.columns; ++v) {
    for (std::int64_t i = 0; i < std::min(count, filter - first); ++i) {
      grad_w[(block.o + v) * filter + first + i] = sums[i * block.width + v];
    }
  }
  if (grad_bias && first + count == rows) {
    std::copy_n(sums + (count - 1) * block.width, block.columns, grad_bias + block.o);
  }
}

}  // namespace

Blocking direct_blocking() { return HWY_DYNAMIC_DISPATCH(GetBlocking)(); }
std::int64_t direct_lanes() { return direct_blocking().lanes; }

std::int64_t direct_items(const Conv2dShape& s) {
  return pass_items(forward_pass(s), s.batch, s.in_channels, s.out_channels).count;
}

void conv2d_direct(const Conv2dShape& s, const float* x, const Floats& w, const float* bias,
                   float* y, const PixelsDone& done) {
  const Pass pass = forward_pass(s);
  run_pass({.pass = pass,
            .items = pass_items(pass, s.batch, s.in_channels, s.out_channels),
            .groups = s.groups,
            .in_per_group = s.in_per_group(),
            .out_per_group = s.out_per_group(),
            .in = x,
            .weights = w.values(),
            .bias = bias,
            .out = y},
           done);
}

void conv2d_grad_input_direct(const Conv2dShape& s, const float* grad_y, const Floats& w,
                              float* grad_x) {
  const float* weights = w.values();
  for (const Pass& pass : grad_input_passes(s)) {
    const float* const here = weights;
    weights += direct_blocking().packed(pass.h.taps * pass.w.taps * s.out_per_group(), s.groups,
                                        s.in_per_group());
    if (pass.h.count == 0 || pass.w.count == 0) continue;
    run_pass({.pass = pass,
              .items = pass_items(pass, s.batch, s.out_channels, s.in_channels),
              .groups = s.groups,
              .in_per_group = s.out_per_group(),
              .out_per_group = s.in_per_group(),
              .in = grad_y,
              .weights = here,
              .bias = nullptr,
              .out = grad_x},
             nullptr);
  }
}

// The items are cut into pieces whatever the number of threads; each has partial gradients of its
// own, which are then added in order.  One piece per 1024 pixels of y at most, so that their
// traffic is small beside the arithmetic.  A unit of work is a piece of one block of output
// channels.
void conv2d_grad_weight_direct(const Conv2dShape& s, const float* x, const float* grad_y,
                               float* grad_w, float* grad_bias) {
  const Pass pass = forward_pass(s);
  const Blocking b = direct_blocking();
  const std::int64_t block = std::min(b.channels, s.out_per_group());
  const GradWeightRun run{.shape = s,
                          .pass = pass,
                          .items = Items(s.batch, pass.h.count,
                                         pass.w.extent(pass.w.count) * s.in_channels * s.stride_h +
                                             pass.w.count * block,
                                         kGradWeightFloats),
                          .x = x,
                          .grad_y = grad_y,
                          .merged = s.groups == 1 && s.dilation_w == 1 && s.in_channels < 64,
                          .bias = grad_bias != nullptr};
  const std::int64_t rows = run.partial_rows();
  std::vector<Block> blocks;
  std::int64_t size = 0;
  for (std::int64_t o = 0; o < s.out_channels; o += b.columns(o, s.out_per_group())) {
    const std::int64_t columns = b.columns(o, s.out_per_group());
    blocks.push_back({o, columns, round_up(columns, b.lanes), size});
    size += rows * blocks.back().width;
  }
  const auto count = static_cast<std::int64_t>(blocks.size());
  const std::int64_t pixels = s.batch * pass.h.count * pass.w.count;
  const std::int64_t pieces = std::max<std::int64_t>(
      1, std::min({pixels / 1024, run.items.count, ceil_div(kUnits, count)}));
  const Floats partial(pieces * size);
  parallel_for(pieces * count, 1, [&](std::int64_t begin, std::int64_t end) {
    const Floats scratch(run.scratch_floats());
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t piece = unit / count;
      const Block& to = blocks[unit % count];
      float* const sums = partial.values() + piece * size + to.at;
      std::fill_n(sums, rows * to.width, 0.0f);
      const std::int64_t item_end = run.items.count * (piece + 1) / pieces;
      for (std::int64_t item = run.items.count * piece / pieces; item < item_end; ++item) {
        HWY_DYNAMIC_DISPATCH(GradWeightItem)(run, item, item_end, to.o, sums, scratch.values());
      }
    }
  });
  parallel_for(count * ceil_div(rows, kRows), 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      add_pieces(partial.values(), pieces, size, rows, i % ceil_div(rows, kRows) * kRows,
                 blocks[i / ceil_div(rows, kRows)], grad_w, grad_bias);
    }
  });
}

}  // namespace joule::cpu
#endif
