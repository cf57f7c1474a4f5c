// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/conv2d/conv2d_grad_weight_skip_zero.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "core/threads.h"
#include "kernels/conv2d/conv2d_grad_weight_skip_zero.h"
#include "kernels/conv2d/conv2d_nonzero_lists.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Vectors = hn::ScalableTag<float>;
constexpr std::int64_t kLanes = hn::MaxLanes(Vectors());

// sums[tap][v] += value * tile[at + tap][v] over the entries of a list, for kHeight x kWidth taps
// that lie side by side and kVectors vectors of channels.  The sums stay in registers; the tile is
// in L1.  3x3 taps of one vector: 10 loads for 9 multiply-adds.
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
  for (const NonzeroList::Entry& entry : list) {
    const auto value = hn::Set(d, entry.value);
    const float* row = tile + std::size_t{entry.at} * kFloats;
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

template <int kVectors>
void add_band(const NonzeroLists& lists, std::int64_t band, const NonzeroTile& tile, float* sums) {
  const PassAxis &h = lists.pass().h, &w = lists.pass().w;
  constexpr std::int64_t kFloats = kVectors * kLanes;
  const std::int64_t tile_row = tile.columns * kFloats;
  const std::int64_t filter = h.taps * w.taps * kFloats;
  const bool square = h.taps == 3 && w.taps == 3 && h.tap_step == 1 && w.tap_step == 1;
  for (std::int64_t channel = 0; channel < lists.channels(); ++channel, sums += filter) {
    const NonzeroList list = lists.list(band, channel);
    if (list.empty()) continue;
    if constexpr (kVectors <= 2) {
      if (square) {
        add_list<3, 3, kVectors>(list, tile.values, tile_row, sums, w.taps * kFloats);
        continue;
      }
    }
    for (std::int64_t i = 0; i < h.taps; ++i) {
      for (std::int64_t j = 0, count; j < w.taps; j += count) {
        count = w.tap_step == 1 && kVectors <= 2 ? std::min<std::int64_t>(4, w.taps - j) : 1;
        const float* const at = tile.values + i * h.tap_step * tile_row + j * w.tap_step * kFloats;
        float* const to = sums + (i * w.taps + j) * kFloats;
        if constexpr (kVectors <= 2) {
          if (count == 4) add_list<1, 4, kVectors>(list, at, 0, to, 0);
          if (count == 3) add_list<1, 3, kVectors>(list, at, 0, to, 0);
          if (count == 2) add_list<1, 2, kVectors>(list, at, 0, to, 0);
        }
        if (count == 1) add_list<1, 1, kVectors>(list, at, 0, to, 0);
      }
    }
  }
}

void AddBand(const NonzeroLists& lists, std::int64_t band, const NonzeroTile& tile, float* sums) {
  if (tile.floats == kLanes) return add_band<1>(lists, band, tile, sums);
  if (tile.floats == 2 * kLanes) return add_band<2>(lists, band, tile, sums);
  add_band<8>(lists, band, tile, sums);
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

namespace {

constexpr std::int64_t kUnits = 16;  // of work, for as many cores

// Where the gradient of (channel of the lists, tap, channel of the tile) lies in grad_w.
struct Strides {
  std::int64_t list, tap, tile;
};

// Copies `floats` channels of the rows that a band reads, with zeros where there is no image.  The
// hardware does not foresee steps of many channels: fetched `kAhead` pixels ahead.
void pack_tile(const NonzeroLists& lists, std::int64_t band, const float* dense,
               std::int64_t channels, std::int64_t first_channel, std::int64_t floats, float* to) {
  const PassAxis &h = lists.pass().h, &w = lists.pass().w;
  const NonzeroBand b = lists.bands().at(band);
  const std::int64_t count = std::min(floats, channels - first_channel);
  const std::int64_t columns = lists.bands().tile_columns(), rows = lists.bands().tile_rows();
  const std::int64_t first = std::clamp<std::int64_t>(-w.in_first, 0, columns);
  const std::int64_t last = std::clamp<std::int64_t>(w.in - w.in_first, first, columns);
  constexpr std::int64_t kAhead = 32;
  const auto bytes = static_cast<std::size_t>(count) * sizeof(float);
  for (std::int64_t image = b.first_image; image < b.last_image; ++image) {
    for (std::int64_t i = 0; i < rows; ++i, to += columns * floats) {
      const std::int64_t row = h.in_first + b.first_row * h.in_step + i;
      if (row < 0 || row >= h.in || first == last) {
        std::fill_n(to, columns * floats, 0.0f);
        continue;
      }
      const float* from =
          dense + ((image * h.in + row) * w.in + w.in_first + first) * channels + first_channel;
      std::fill_n(to, first * floats, 0.0f);
      for (std::int64_t column = first; column < last; ++column, from += channels) {
        hwy::Prefetch(from + kAhead * channels);
        std::memcpy(to + column * floats, from, bytes);
      }
      std::fill_n(to + last * floats, (columns - last) * floats, 0.0f);
    }
  }
}

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
        pack_tile(lists, band, dense, dense_channels, block * floats, floats, tile.values());
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

// How many channels of the dense operand a tile has: the sums of all taps stay in registers.  Two
// vectors need fewer loads; one makes bands longer, which counts when the sums of all channels and
// taps do not fit L2.
std::int64_t tile_floats(const Pass& pass, std::int64_t list_channels, std::int64_t channels) {
  constexpr std::int64_t kL2Floats = 64 * 1024;
  const std::int64_t lanes = direct_lanes();
  const std::int64_t taps = pass.h.taps * pass.w.taps;
  if (taps == 1 && channels > 2 * lanes) return 8 * lanes;
  const bool two = channels > lanes && list_channels * taps * 2 * lanes <= kL2Floats;
  return (two ? 2 : 1) * lanes;
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
    const std::int64_t floats = tile_floats(pass, mask.channels(), dense_channels);
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
