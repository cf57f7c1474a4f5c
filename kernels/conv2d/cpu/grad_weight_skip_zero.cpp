// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/conv2d/cpu/grad_weight_skip_zero.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/grad_weight_skip_zero.h"
#include "joule/kernels/conv2d/cpu/nonzero_lists.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Vectors = hn::ScalableTag<float>;
constexpr std::int64_t kLanes = hn::MaxLanes(Vectors());

// Keeps v in a register: GCC would load it again for each of its uses, and loads are what limits.
template <class V>
HWY_INLINE V loaded_once(V v) {
#if HWY_ARCH_X86 && HWY_COMPILER_GCC_ACTUAL
  asm("" : "+v"(v.raw));
#endif
  return v;
}

// sums[tap][v] += value * tile[at + tap][v] over the entries of a list, for kHeight x kWidth taps,
// side by side in a row, and kVectors vectors of channels.  The sums stay in registers; the tile is
// in L1.  3x3 taps of one vector: 10 loads for 9 multiply-adds, or 14 for the 18 of a pair.
template <int kHeight, int kWidth, int kVectors>
HWY_NOINLINE void add_list(const NonzeroList& list, const float* tile, std::int64_t tile_row,
                           float* sums, std::int64_t sums_row) {
  const Vectors d;
  constexpr int kFloats = kVectors * static_cast<int>(kLanes);
  constexpr int kColumns = kWidth * kVectors;
  hn::Vec<Vectors> acc[kHeight][kColumns];
  HWY_UNROLL(8)
  for (int i = 0; i < kColumns; ++i) {
    HWY_UNROLL(3)
    for (int r = 0; r < kHeight; ++r) acc[r][i] = hn::LoadU(d, sums + r * sums_row + i * kLanes);
  }
  const NonzeroList::Entry* entry = list.first;
  const NonzeroList::Entry* const paired = kWidth > 1 ? list.paired : list.first;
  for (; entry != paired; entry += 2) {
    const auto left = hn::Set(d, entry[0].value), right = hn::Set(d, entry[1].value);
    const float* row = tile + std::size_t{entry->at} * kFloats;
    HWY_UNROLL(3)
    for (int r = 0; r < kHeight; ++r, row += tile_row) {
      HWY_UNROLL(10)
      for (int i = 0; i < kColumns + kVectors; ++i) {
        const auto dense = loaded_once(hn::LoadU(d, row + i * kLanes));
        if (i < kColumns) acc[r][i] = hn::MulAdd(left, dense, acc[r][i]);
        if (i >= kVectors) acc[r][i - kVectors] = hn::MulAdd(right, dense, acc[r][i - kVectors]);
      }
    }
  }
  const NonzeroList::Entry* const last = list.last;
  for (; entry != last; ++entry) {
    const auto value = hn::Set(d, entry->value);
    const float* row = tile + std::size_t{entry->at} * kFloats;
    HWY_UNROLL(3)
    for (int r = 0; r < kHeight; ++r, row += tile_row) {
      HWY_UNROLL(8)
      for (int i = 0; i < kColumns; ++i) {
        acc[r][i] = hn::MulAdd(value, hn::LoadU(d, row + i * kLanes), acc[r][i]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int i = 0; i < kColumns; ++i) {
    HWY_UNROLL(3)
    for (int r = 0; r < kHeight; ++r) hn::StoreU(acc[r][i], d, sums + r * sums_row + i * kLanes);
  }
}

// The lists stream by from L3: sooner than the hardware would fetch them.
HWY_INLINE void fetch(const NonzeroList& list) {
  constexpr int kLine = 64 / sizeof(NonzeroList::Entry);
  for (const auto* entry = list.first; entry < list.last; entry += kLine) hwy::Prefetch(entry);
}

using AddList = void (*)(const NonzeroList&, const float*, std::int64_t, float*, std::int64_t);

// [height - 1][width - 1]
template <int kVectors>
constexpr AddList kAddLists[3][3] = {
    {add_list<1, 1, kVectors>, add_list<1, 2, kVectors>, add_list<1, 3, kVectors>},
    {add_list<2, 1, kVectors>, add_list<2, 2, kVectors>, add_list<2, 3, kVectors>},
    {add_list<3, 1, kVectors>, add_list<3, 2, kVectors>, add_list<3, 3, kVectors>}};
template <>
constexpr AddList kAddLists<8>[3][3] = {{add_list<1, 1, 8>}};

// The next of `left` taps, at most `most` <= 3 at a time: four are two and two.
std::int64_t next_part(std::int64_t left, std::int64_t most) {
  return std::min<std::int64_t>(left == 4 ? 2 : left, most);
}

template <int kVectors>
void add_band(const NonzeroLists& lists, std::int64_t band, const NonzeroTile& tile, float* sums) {
  const PassAxis &h = lists.pass().h, &w = lists.pass().w;
  constexpr std::int64_t kFloats = kVectors * kLanes, kMost = kVectors == 8 ? 1 : 3;
  const std::int64_t most_side_by_side = w.tap_step == 1 ? kMost : 1;
  const std::int64_t tile_row = h.tap_step * tile.columns * kFloats;
  const std::int64_t sums_row = w.taps * kFloats;
  for (std::int64_t channel = 0; channel < lists.channels(); ++channel, sums += h.taps * sums_row) {
    if (channel + 1 < lists.channels()) fetch(lists.list(band, channel + 1));
    const NonzeroList list = lists.list(band, channel);
    if (list.first == list.last) continue;
    for (std::int64_t i = 0, height; i < h.taps; i += height) {
      height = next_part(h.taps - i, kMost);
      for (std::int64_t j = 0, width; j < w.taps; j += width) {
        width = next_part(w.taps - j, most_side_by_side);
        kAddLists<kVectors>[height - 1][width - 1](
            list, tile.values + i * tile_row + j * w.tap_step * kFloats, tile_row,
            sums + i * sums_row + j * kFloats, sums_row);
      }
    }
  }
}

void AddBand(const NonzeroLists& lists, std::int64_t band, const NonzeroTile& tile, float* sums) {
  if (tile.floats == kLanes) return add_band<1>(lists, band, tile, sums);
  if (tile.floats == 2 * kLanes) return add_band<2>(lists, band, tile, sums);
  add_band<8>(lists, band, tile, sums);
}

template <bool kWhole>
HWY_INLINE void copy_pixel(const float* from, std::int64_t count, float* to) {
  const Vectors d;
  if constexpr (kWhole) {
    for (std::int64_t i = 0; i < count; i += kLanes) hn::Store(hn::LoadU(d, from + i), d, to + i);
  } else {
    std::copy_n(from, count, to);
  }
}

// Copies `floats` channels of the rows that a band reads, with zeros where there is no image.  The
// hardware does not foresee steps of many channels: fetched `kAhead` pixels ahead.
template <bool kWhole>
void pack_tile(const NonzeroLists& lists, std::int64_t band, const DenseBlock& block, float* to) {
  const PassAxis &h = lists.pass().h, &w = lists.pass().w;
  const NonzeroBand b = lists.bands().at(band);
  const std::int64_t floats = block.floats, channels = block.channels;
  const std::int64_t count = kWhole ? floats : channels - block.first_channel;
  const std::int64_t columns = lists.bands().tile_columns(), rows = lists.bands().tile_rows();
  const std::int64_t first = std::clamp<std::int64_t>(-w.in_first, 0, columns);
  const std::int64_t last = std::clamp<std::int64_t>(w.in - w.in_first, first, columns);
  constexpr std::int64_t kAhead = 32;
  for (std::int64_t image = b.first_image; image < b.last_image; ++image) {
    for (std::int64_t i = 0; i < rows; ++i, to += columns * floats) {
      const std::int64_t row = h.in_first + b.first_row * h.in_step + i;
      if (row < 0 || row >= h.in || first == last) {
        std::fill_n(to, columns * floats, 0.0f);
        continue;
      }
      const float* from = block.dense + block.first_channel +
                          ((image * h.in + row) * w.in + w.in_first + first) * channels;
      std::fill_n(to, first * floats, 0.0f);
      for (std::int64_t column = first; column < last; ++column, from += channels) {
        hwy::Prefetch(from + kAhead * channels);
        copy_pixel<kWhole>(from, count, to + column * floats);
      }
      std::fill_n(to + last * floats, (columns - last) * floats, 0.0f);
    }
  }
}

void PackTile(const NonzeroLists& lists, std::int64_t band, const DenseBlock& block, float* to) {
  const bool whole = block.first_channel + block.floats <= block.channels;
  (whole ? pack_tile<true> : pack_tile<false>)(lists, band, block, to);
}

// sums[c] += sum over the rows of x[row, c]
void AddRows(const float* x, std::int64_t rows, std::int64_t channels, float* sums) {
  const Vectors d;
  for (std::int64_t row = 0; row < rows; ++row, x += channels) {
    std::int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) {
      hn::StoreU(hn::Add(hn::LoadU(d, sums + c), hn::LoadU(d, x + c)), d, sums + c);
    }
    for (; c < channels; ++c) sums[c] += x[c];
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(AddBand);
HWY_EXPORT(AddRows);
HWY_EXPORT(PackTile);

namespace {

constexpr std::int64_t kUnits = 16;  // of work, for as many cores

// Where the gradient of (channel of the lists, tap, channel of the tile) lies in grad_w.
struct Strides {
  std::int64_t list, tap, tile;
};

// to[c * list + v * tile] = from[c * pitch + v], in the order in which `to` lies in memory.
void store_tap(const float* from, std::int64_t pitch, std::int64_t lists, std::int64_t columns,
               const Strides& stride, float* to) {
  if (stride.tile == 1) {
    for (std::int64_t c = 0; c < lists; ++c)
      std::copy_n(from + c * pitch, columns, to + c * stride.list);
    return;
  }
  for (std::int64_t v = 0; v < columns; ++v) {
    for (std::int64_t c = 0; c < lists; ++c)
      to[v * stride.tile + c * stride.list] = from[c * pitch + v];
  }
}

// grad_w = sum over the non-zeros `sparse` and the taps of sparse * dense.
void run_pass(const NonzeroLists& lists, const float* dense, std::int64_t dense_channels,
              std::int64_t floats, const std::vector<std::int64_t>& tap_at, const Strides& stride,
              float* grad_w) {
  const std::int64_t taps = static_cast<std::int64_t>(tap_at.size());
  const std::int64_t rows = lists.channels() * taps;
  const std::int64_t blocks = ceil_div(dense_channels, floats);
  const std::int64_t bands = lists.bands().count();
  // Pieces have sums of their own, added in order; one piece if there are blocks for many cores.
  const std::int64_t pieces = std::max<std::int64_t>(1, std::min(ceil_div(kUnits, blocks), bands));
  const Floats sums(pieces * blocks * rows * floats);
  parallel_for(pieces * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    const Floats tile(lists.bands().tile_pixels() * floats);
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t block = unit / pieces, piece = unit % pieces;
      float* const to = sums.values() + unit * rows * floats;
      std::fill_n(to, rows * floats, 0.0f);
      for (std::int64_t band = bands * piece / pieces; band < bands * (piece + 1) / pieces;
           ++band) {
        HWY_DYNAMIC_DISPATCH(PackTile)
        (lists, band, {dense, dense_channels, block * floats, floats}, tile.values());
        HWY_DYNAMIC_DISPATCH(AddBand)
        (lists, band, {tile.values(), lists.bands().tile_columns(), floats}, to);
      }
    }
  });
  constexpr std::int64_t kLists = 16;  // together: grad_w is written by whole cache lines
  const std::int64_t groups = ceil_div(lists.channels(), kLists);
  parallel_for(blocks * groups, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t block = i / groups, channel = i % groups * kLists;
      const std::int64_t count = std::min(kLists, lists.channels() - channel);
      const std::int64_t columns = std::min(floats, dense_channels - block * floats);
      float* const first = sums.values() + (block * pieces * rows + channel * taps) * floats;
      for (std::int64_t piece = 1; piece < pieces; ++piece) {
        const float* const more = first + piece * rows * floats;
        for (std::int64_t k = 0; k < count * taps * floats; ++k) first[k] += more[k];
      }
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        store_tap(first + tap * floats, taps * floats, count, columns, stride,
                  grad_w + channel * stride.list + tap_at[tap] * stride.tap +
                      block * floats * stride.tile);
      }
    }
  });
}

// How many channels of the dense operand a tile has: enough sums in registers to hide the latency
// of a multiply-add.  Beyond that one vector is best: the fewer, the longer are bands and lists.
std::int64_t tile_floats(const Pass& pass, std::int64_t channels) {
  const std::int64_t lanes = direct_lanes();
  const std::int64_t taps = pass.h.taps * pass.w.taps;
  if (taps > 4 || channels <= lanes) return lanes;
  return taps > 1 || channels <= 2 * lanes ? 2 * lanes : 8 * lanes;
}

void run_passes(const std::vector<Pass>& passes, const Conv2dShape& s, const float* sparse,
                const ZeroMask& mask, const float* dense, std::int64_t dense_channels,
                const Strides& stride, float* grad_w) {
  for (const Pass& pass : passes) {
    // An image smaller than the stride: some taps meet no pixel.
    if (pass.h.count * pass.w.count == 0) std::fill_n(grad_w, s.weight_size(), 0.0f);
  }
  for (const Pass& pass : passes) {
    std::vector<std::int64_t> tap_at;
    for (std::int64_t i = 0; i < pass.h.taps; ++i) {
      for (std::int64_t j = 0; j < pass.w.taps; ++j) {
        const std::int64_t r = pass.h.kernel_first + i * pass.h.kernel_step;
        tap_at.push_back(r * s.kernel_w + pass.w.kernel_first + j * pass.w.kernel_step);
      }
    }
    if (tap_at.empty() || pass.h.count * pass.w.count == 0) continue;
    const std::int64_t floats = tile_floats(pass, dense_channels);
    const NonzeroLists lists(pass, s.batch, sparse, mask, floats);
    run_pass(lists, dense, dense_channels, floats, tap_at, stride, grad_w);
  }
}

}  // namespace

void conv2d_grad_weight_skip_zero_x(const Conv2dShape& s, const float* x, const ZeroMask& mask,
                                    const float* grad_y, float* grad_w) {
  const std::int64_t taps = s.kernel_h * s.kernel_w;
  run_passes(grad_input_passes(s), s, x, mask, grad_y, s.out_channels,
             {.list = 1, .tap = s.in_channels, .tile = taps * s.in_channels}, grad_w);
}

void conv2d_grad_weight_skip_zero_grad_y(const Conv2dShape& s, const float* x, const float* grad_y,
                                         const ZeroMask& mask, float* grad_w) {
  const std::int64_t taps = s.kernel_h * s.kernel_w;
  run_passes({forward_pass(s)}, s, grad_y, mask, x, s.in_channels,
             {.list = taps * s.in_channels, .tap = s.in_channels, .tile = 1}, grad_w);
}

std::int64_t nonzero_list_pixels(const Conv2dShape& s, bool of_x) {
  // The first phase of a stride always has a tap.
  const Pass pass = of_x ? Pass{grad_input_axis(s.in_h, s.out_h(), s.kernel_h, s.stride_h, s.pad_h,
                                                s.dilation_h, 0),
                                grad_input_axis(s.in_w, s.out_w(), s.kernel_w, s.stride_w, s.pad_w,
                                                s.dilation_w, 0)}
                         : forward_pass(s);
  if (pass.h.count * pass.w.count == 0) return 1;
  const std::int64_t floats = tile_floats(pass, of_x ? s.out_channels : s.in_channels);
  const NonzeroBand band = NonzeroBands(pass, s.batch, floats).at(0);
  const std::int64_t rows = (band.last_image - band.first_image) * (band.last_row - band.first_row);
  return std::max<std::int64_t>(1, rows * pass.w.count);
}

void sum_pixels(const float* x, std::int64_t pixels, std::int64_t channels, float* sums) {
  const Floats partial(kReductionPieces * channels);
  std::fill_n(partial.values(), kReductionPieces * channels, 0.0f);
  parallel_pieces(pixels, channels, [&](std::int64_t piece, std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(AddRows)
    (x + begin * channels, end - begin, channels, partial.values() + piece * channels);
  });
  std::fill_n(sums, channels, 0.0f);
  HWY_DYNAMIC_DISPATCH(AddRows)(partial.values(), kReductionPieces, channels, sums);
}

}  // namespace joule::cpu
#endif
