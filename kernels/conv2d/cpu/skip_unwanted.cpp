// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/conv2d/cpu/skip_unwanted.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/skip_unwanted.h"
#include "joule/kernels/conv2d/cpu/skip_unwanted_plan.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Vectors = hn::ScalableTag<float>;
using Vector = hn::Vec<Vectors>;
constexpr std::int64_t kLanes = hn::MaxLanes(Vectors());
constexpr int kMostPixels = 8;  // that share the loads of a channel's weights

namespace {

// Bit j of row i becomes bit i of row j.  (Warren, Hacker's Delight, section 7-3, for 64 bits.)
template <int kStep>
HWY_INLINE void swap_blocks(std::uint64_t (&rows)[64], std::uint64_t low) {
  for (int block = 0; block < 64; block += 2 * kStep) {
    for (int i = block; i < block + kStep; ++i) {
      const std::uint64_t swapped = ((rows[i] >> kStep) ^ rows[i + kStep]) & low;
      rows[i] ^= swapped << kStep;
      rows[i + kStep] ^= swapped;
    }
  }
}
HWY_INLINE void transpose(std::uint64_t (&rows)[64]) {
  swap_blocks<32>(rows, 0x00000000ffffffff);
  swap_blocks<16>(rows, 0x0000ffff0000ffff);
  swap_blocks<8>(rows, 0x00ff00ff00ff00ff);
  swap_blocks<4>(rows, 0x0f0f0f0f0f0f0f0f);
  swap_blocks<2>(rows, 0x3333333333333333);
  swap_blocks<1>(rows, 0x5555555555555555);
}

// The sums of the lanes of four vectors, which together take fewer shuffles than four times one.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void store_sums(Vector a, Vector b, Vector c, Vector d, float* to) {
  to[0] = hn::GetLane(a), to[1] = hn::GetLane(b), to[2] = hn::GetLane(c), to[3] = hn::GetLane(d);
}
#else
template <class D>
HWY_INLINE auto sum_of_blocks([[maybe_unused]] D d, hn::Vec<D> v) {  // of 128 bits
  if constexpr (hn::MaxLanes(D()) <= 4) {
    return v;
  } else {
    const hn::Half<D> half;
    return sum_of_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}
HWY_INLINE void store_sums(Vector a, Vector b, Vector c, Vector d, float* to) {
  const Vectors f;
  const hn::Repartition<double, Vectors> pairs;
  const auto sum = [&](Vector u, Vector v) {
    return hn::BitCast(pairs, hn::Add(hn::InterleaveLower(f, u, v), hn::InterleaveUpper(f, u, v)));
  };
  const auto ab = sum(a, b), cd = sum(c, d);
  const auto abcd = hn::Add(hn::BitCast(f, hn::InterleaveLower(pairs, ab, cd)),
                            hn::BitCast(f, hn::InterleaveUpper(pairs, ab, cd)));
  hn::StoreU(sum_of_blocks(f, abcd), hn::CappedTag<float, 4>(), to);
}
#endif

// What is known of the pixels of a tile.
struct TilePixels {
  std::int64_t count = 0;
  const float* window[64];  // where its window begins
  std::int64_t out[64];     // which pixel of grad_x it is
};

// How a channel's weights and the windows that they meet lie in memory: rows of runs of whole
// vectors.
struct Walk {
  std::int64_t rows, runs, length;
  std::int64_t row_step, run_step;  // in the window

  std::int64_t floats() const { return rows * runs * length; }
};

// One word of channels of a tile.
struct TileWord {
  const TilePixels& pixels;
  Walk walk;
  const float* weights;
  float* grad_x;  // of channel 0 of the word at pixel 0 of the batch
  std::int64_t channels;
  bool begins;  // grad_x holds nothing yet
};

// Up to eight pixels of a tile that want a channel.
struct Group {
  std::uint64_t pixels;
  std::int64_t channel;
};

// Multiply-adds to one accumulator wait for each other four cycles: with few pixels, each has
// several.
constexpr int sets(int pixels) {
  return pixels > 6 ? 1 : pixels > 3 ? 2 : pixels > 2 ? 3 : pixels > 1 ? 4 : 8;
}

template <int kPixels>
HWY_INLINE void add_products(const float* weights, const float* const (&windows)[kPixels],
                             std::int64_t at, Vector (&sums)[kPixels]) {
  const Vectors d;
  const auto w = hn::Load(d, weights);
  HWY_UNROLL(8)
  for (int i = 0; i < kPixels; ++i) sums[i] = hn::MulAdd(w, hn::Load(d, windows[i] + at), sums[i]);
}

// acc[0][i] = the dot product of the weights and the window at windows[i], lane by lane.  Per
// vector of weights one load of it and kPixels multiply-adds with a memory operand: with eight
// pixels 4.5 cycles of loads for 4 of arithmetic.
template <int kPixels>
HWY_INLINE void dot(const Walk& walk, const float* HWY_RESTRICT weights,
                    const float* const (&windows)[kPixels], Vector (&acc)[sets(kPixels)][kPixels]) {
  const Vectors d;
  constexpr int kSets = sets(kPixels);
  HWY_UNROLL(16)
  for (int i = 0; i < kSets * kPixels; ++i) acc[i / kPixels][i % kPixels] = hn::Zero(d);
  for (std::int64_t row = 0; row < walk.rows; ++row) {
    for (std::int64_t run = 0; run < walk.runs; ++run) {
      std::int64_t at = row * walk.row_step + run * walk.run_step;
      const float* const end = weights + walk.length;
      if constexpr (kSets > 1) {
        for (; end - weights >= kSets * kLanes; weights += kSets * kLanes, at += kSets * kLanes) {
          HWY_UNROLL(8)
          for (int s = 0; s < kSets; ++s) {
            add_products<kPixels>(weights + s * kLanes, windows, at + s * kLanes, acc[s]);
          }
        }
      }
      for (; weights < end; weights += kLanes, at += kLanes) {
        add_products<kPixels>(weights, windows, at, acc[0]);
      }
    }
  }
  HWY_UNROLL(16)
  for (int i = kPixels; i < kSets * kPixels; ++i) {
    acc[0][i % kPixels] = hn::Add(acc[0][i % kPixels], acc[i / kPixels][i % kPixels]);
  }
}

// All groups of kPixels pixels.
template <int kPixels>
HWY_NOINLINE void run_groups(const TileWord& t, const Group* group, const Group* end) {
  const Walk walk = t.walk;
  const std::int64_t channel_floats = walk.floats();
  for (; group < end; ++group) {
    const float* windows[kPixels];
    float* out[kPixels];
    std::uint64_t bits = group->pixels;
    HWY_UNROLL(8)
    for (int i = 0; i < kPixels; ++i, bits &= bits - 1) {
      const auto pixel = hwy::Num0BitsBelowLS1Bit_Nonzero64(bits);
      windows[i] = t.pixels.window[pixel];
      out[i] = t.grad_x + t.pixels.out[pixel] * t.channels + group->channel;
    }
    Vector acc[sets(kPixels)][kPixels];
    dot<kPixels>(walk, t.weights + group->channel * channel_floats, windows, acc);
    auto& a = acc[0];
    constexpr auto kLast = kPixels - 1;
    float sums[8];
    store_sums(a[0], a[std::min(1, kLast)], a[std::min(2, kLast)], a[std::min(3, kLast)], sums);
    if constexpr (kPixels > 4) {
      store_sums(a[4], a[std::min(5, kLast)], a[std::min(6, kLast)], a[kLast], sums + 4);
    }
    HWY_UNROLL(8)
    for (int i = 0; i < kPixels; ++i) *out[i] = t.begins ? sums[i] : *out[i] + sums[i];
  }
}

using RunGroups = void (*)(const TileWord&, const Group*, const Group*);
constexpr RunGroups kRunGroups[] = {run_groups<1>, run_groups<2>, run_groups<3>, run_groups<4>,
                                    run_groups<5>, run_groups<6>, run_groups<7>, run_groups<8>};
static_assert(std::size(kRunGroups) == kMostPixels);

// The pixels of grad_y that the tile reads, `columns` channels from `o` on, with zeros where there
// are none: so the kernel has no border, whole vectors, and one run of floats per row of taps.
void copy_window(const SkipUnwantedRun& run, const Tiles::Tile& tile, std::int64_t o, float* to) {
  const PassAxis &h = run.pass.h, &w = run.pass.w;
  const std::int64_t columns = run.blocks.columns(o), width = run.blocks.width(o);
  const std::int64_t rows = h.extent(tile.rows), across = w.extent(tile.columns);
  const std::int64_t top = h.in_first + tile.row, left = w.in_first + tile.column;
  for (std::int64_t row = top; row < top + rows; ++row) {
    const float* const from = run.grad_y + (tile.image * h.in + row) * w.in * run.terms + o;
    for (std::int64_t column = left; column < left + across; ++column, to += width) {
      const bool inside = row >= 0 && row < h.in && column >= 0 && column < w.in;
      if (inside) std::memcpy(to, from + column * run.terms, columns * sizeof(float));
      const std::int64_t filled = inside ? columns : 0;
      std::fill(to + filled, to + width, 0.0f);
    }
  }
}

TilePixels pixels_of(const SkipUnwantedRun& run, const Tiles::Tile& tile, const float* window,
                     std::int64_t width) {
  const PassAxis &h = run.pass.h, &w = run.pass.w;
  TilePixels pixels;
  const std::int64_t pitch = w.extent(tile.columns) * width;
  for (std::int64_t i = 0; i < tile.rows; ++i) {
    const std::int64_t row = tile.image * h.out + h.first + (tile.row + i) * h.step;
    for (std::int64_t j = 0; j < tile.columns; ++j, ++pixels.count) {
      pixels.window[pixels.count] = window + i * pitch + j * width;
      pixels.out[pixels.count] = row * w.out + w.first + (tile.column + j) * w.step;
    }
  }
  return pixels;
}

// One tile, the channels of one word, one block of grad_y.  Channels that as many pixels want come
// one after the other: which code runs, and for how long, can then be foreseen.
void run_word(const TileWord& t, const std::uint64_t* wanted, std::int64_t words,
              std::int64_t count) {
  std::uint64_t bits[64] = {};
  for (std::int64_t i = 0; i < t.pixels.count; ++i) bits[i] = wanted[t.pixels.out[i] * words];
  transpose(bits);
  int first[kMostPixels + 2] = {};  // of the groups of n pixels
  for (std::int64_t c = 0; c < count; ++c) {
    const int pixels = std::popcount(bits[c]);
    first[kMostPixels + 1] += pixels / kMostPixels;
    ++first[pixels % kMostPixels + 1];
  }
  first[1] = 0;  // no pixels, no group
  for (int n = 1; n <= kMostPixels; ++n) first[n + 1] += first[n];
  Group groups[64 * 64 / kMostPixels];
  int last[kMostPixels + 1];
  std::copy_n(first, kMostPixels + 1, last);
  for (std::int64_t c = 0; c < count; ++c) {
    for (std::uint64_t left = bits[c]; left != 0;) {
      std::uint64_t after = left;
      for (int i = 0; i < kMostPixels; ++i) after &= after - 1;
      groups[last[std::popcount(left ^ after)]++] = {left ^ after, c};
      left = after;
    }
  }
  for (int n = 1; n <= kMostPixels; ++n) {
    kRunGroups[n - 1](t, groups + first[n], groups + last[n]);
  }
}

}  // namespace

// The tiles [first, last), all channels.  Order: block of grad_y's channels, as many words of
// grad_x's channels as have their weights in L2, then the tiles.
void RunSkipUnwanted(const SkipUnwantedRun& run, std::int64_t first, std::int64_t last,
                     float* window) {
  const PassAxis &h = run.pass.h, &w = run.pass.w;
  const std::int64_t words = ceil_div(run.channels, 64);
  const float* weights = run.weights;
  for (std::int64_t o = 0; o < run.terms; o += run.blocks.columns(o)) {
    const std::int64_t width = run.blocks.width(o), channel_floats = run.taps() * width;
    const bool joined = w.tap_step == 1;  // the taps of a row are one run of floats
    const std::int64_t together = words_in_cache(channel_floats);
    for (std::int64_t word = 0; word < words; word += together) {
      for (std::int64_t i = first; i < last; ++i) {
        const Tiles::Tile tile = run.tiles.at(i, run.pass);
        copy_window(run, tile, o, window);
        const TilePixels pixels = pixels_of(run, tile, window, width);
        const Walk walk{.rows = h.taps,
                        .runs = joined ? 1 : w.taps,
                        .length = (joined ? w.taps : 1) * width,
                        .row_step = h.tap_step * w.extent(tile.columns) * width,
                        .run_step = w.tap_step * width};
        for (std::int64_t at = word; at < std::min(word + together, words); ++at) {
          const std::int64_t count = std::min<std::int64_t>(64, run.channels - at * 64);
          float* const grad_x = run.grad_x + at * 64;
          for (std::int64_t p = 0; o == 0 && p < pixels.count; ++p) {
            std::fill_n(grad_x + pixels.out[p] * run.channels, count, 0.0f);
          }
          run_word({.pixels = pixels,
                    .walk = walk,
                    .weights = weights + at * 64 * channel_floats,
                    .grad_x = grad_x,
                    .channels = run.channels,
                    .begins = o == 0},
                   run.wanted + at, words, count);
        }
      }
    }
    weights += run.channels * channel_floats;
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(RunSkipUnwanted);

namespace {

float* pack_pass(const Pass& pass, const Conv2dShape& s, const float* w, float* to) {
  const TermBlocks blocks(s.out_channels, direct_lanes());
  const std::int64_t filter = s.kernel_h * s.kernel_w * s.in_channels;
  for (std::int64_t o = 0; o < s.out_channels; o += blocks.columns(o)) {
    const std::int64_t columns = blocks.columns(o), width = blocks.width(o);
    for (std::int64_t c = 0; c < s.in_channels; ++c) {
      for (std::int64_t h = 0; h < pass.h.taps; ++h) {
        for (std::int64_t t = 0; t < pass.w.taps; ++t, to += width) {
          const std::int64_t row = pass.h.kernel_first + h * pass.h.kernel_step;
          const std::int64_t column = pass.w.kernel_first + t * pass.w.kernel_step;
          const float* const from = w + (row * s.kernel_w + column) * s.in_channels + c;
          for (std::int64_t v = 0; v < columns; ++v) to[v] = from[(o + v) * filter];
          std::fill(to + columns, to + width, 0.0f);
        }
      }
    }
  }
  return to;
}

std::int64_t packed_floats(const Conv2dShape& s, std::int64_t taps) {
  return taps * s.in_channels * TermBlocks(s.out_channels, direct_lanes()).packed_width();
}

}  // namespace

std::shared_ptr<const Floats> pack_skip_unwanted(const Conv2dShape& s, const float* w) {
  auto packed = std::make_shared<Floats>(packed_floats(s, s.kernel_h * s.kernel_w));
  float* to = packed->values();
  for (const Pass& pass : grad_input_passes(s)) to = pack_pass(pass, s, w, to);
  return packed;
}

void conv2d_grad_input_skip_unwanted(const Conv2dShape& s, const float* grad_y,
                                     const ZeroMask& wanted, const Floats& w, float* grad_x) {
  const TermBlocks blocks(s.out_channels, direct_lanes());
  const float* weights = w.values();
  for (const Pass& pass : grad_input_passes(s)) {
    const SkipUnwantedRun run{.pass = pass,
                              .tiles = Tiles(s.batch, pass, blocks.width(0)),
                              .blocks = blocks,
                              .terms = s.out_channels,
                              .channels = s.in_channels,
                              .grad_y = grad_y,
                              .wanted = wanted.words(),
                              .weights = weights,
                              .grad_x = grad_x};
    weights += packed_floats(s, run.taps());
    if (pass.h.count == 0 || pass.w.count == 0) continue;
    parallel_for(run.tiles.count, 1, [&](std::int64_t begin, std::int64_t end) {
      const Floats window(run.window_floats());
      HWY_DYNAMIC_DISPATCH(RunSkipUnwanted)(run, begin, end, window.values());
    });
  }
}

}  // namespace joule::cpu
#endif
