// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/conv2d/cpu/skip_zero.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/skip_zero.h"
#include "joule/kernels/conv2d/cpu/skip_zero_run.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/conv2d/cpu/sums.inc"

// Some consecutive output pixels against some taps, side by side, and at most 128 input channels of
// all of them together.
template <class Weight>
struct Visits {
  std::int64_t pixels;
  const std::uint64_t* mask;  // of the input of the first pixel and tap
  std::int64_t mask_pixel;
  std::uint64_t keep[2];  // the bits of the taps: of one word or, if keep[1] is not 0, of two
  const float* x;         // as mask
  std::int64_t x_pixel;
  const Weight* weights;
  const float* init;  // the sums so far, or the bias
  std::int64_t init_pixel;
  float* y;
  std::int64_t y_pixel;
  std::int64_t columns;  // of the block of output channels
  bool first;            // y holds nothing yet: also write where no input is non-zero
};

// sums[.][v] += x[c] * weights[c][v] for the channels c whose bit is set.  A set bit costs one
// broadcast and kVectors multiply-adds with weights as memory operands from L1: with eight vectors
// 4.5 cycles of loads for 4 of arithmetic.  Weights of bf16 make that 2.5 cycles of loads.
template <int kVectors, class Weight>
HWY_INLINE void add_nonzeros(std::uint64_t bits, const float* HWY_RESTRICT x,
                             const Weight* HWY_RESTRICT weights, Sums<kVectors>& sums) {
  constexpr std::int64_t kRow = packed_row<Weight>(kVectors * kLanes, kLanes);
  const Vectors d;
  while (bits != 0) {
    for (auto& acc : sums) {
      const std::size_t c = hwy::Num0BitsBelowLS1Bit_Nonzero64(bits);
      const auto value = hn::Set(d, x[c]);
      multiply_add<kVectors>(value, weights + c * kRow, acc);
      bits &= bits - 1;
      if (bits == 0) break;
    }
  }
}

// For each pixel: its kVectors accumulators are loaded, meet the non-zero inputs of the taps, and
// are stored.  What costs beside the arithmetic is the end of a word's bits, a branch that cannot
// be foreseen: so the next pixel's mask is in a register, its input on the way to L1, and all that
// the loop needs in locals (a store of floats might change *v: it would be read again each time).
template <class Weight, int kVectors, bool kTwo, bool kTail>
HWY_NOINLINE void visit(const Visits<Weight>& v) {
  constexpr std::int64_t kRow = packed_row<Weight>(kVectors * kLanes, kLanes);
  const auto tail = tail_of<kVectors>(v.columns);
  const std::int64_t mask_pixel = v.mask_pixel, x_pixel = v.x_pixel, init_pixel = v.init_pixel,
                     y_pixel = v.y_pixel;
  const Weight* const weights = v.weights;
  const std::uint64_t keep = v.keep[0], keep_second = v.keep[1];
  const bool first = v.first;
  const std::uint64_t* mask = v.mask;
  const float *x = v.x, *init = v.init;
  float* y = v.y;
  std::uint64_t next = mask[0] & keep, next_second = kTwo ? mask[1] & keep_second : 0;
  for (std::int64_t left = v.pixels; left > 0;
       --left, x += x_pixel, init += init_pixel, y += y_pixel) {
    const std::uint64_t bits = next, second = next_second;
    mask += left > 1 ? mask_pixel : 0;
    next = mask[0] & keep;
    if constexpr (kTwo) next_second = mask[1] & keep_second;
    if ((bits | second) == 0 && !first) continue;
    HWY_UNROLL(8)
    for (int i = 0; i < (kTwo ? 8 : 4); ++i) hwy::Prefetch(x + x_pixel + i * 16);
    Sums<kVectors> sums;
    load_sums<kVectors, kTail>(init, tail, sums);
    add_nonzeros<kVectors>(bits, x, weights, sums);
    if constexpr (kTwo) add_nonzeros<kVectors>(second, x + 64, weights + 64 * kRow, sums);
    store_sums<kVectors, kTail>(sums, tail, y);
  }
}

template <class Weight>
using Visit = void (*)(const Visits<Weight>&);

template <class W, bool kTwo, bool kTail>
constexpr Visit<W> kVisits[] = {visit<W, 1, kTwo, kTail>, visit<W, 2, kTwo, kTail>,
                                visit<W, 3, kTwo, kTail>, visit<W, 4, kTwo, kTail>,
                                visit<W, 5, kTwo, kTail>, visit<W, 6, kTwo, kTail>,
                                visit<W, 7, kTwo, kTail>, visit<W, 8, kTwo, kTail>};
static_assert(std::size(kVisits<float, true, true>) == kMostVectors);

template <class Weight>
void run_visits(const Visits<Weight>& v) {
  const std::int64_t at = ceil_div(v.columns, kLanes) - 1;
  if (v.keep[1] != 0) {
    (v.columns % kLanes != 0 ? kVisits<Weight, true, true> : kVisits<Weight, true, false>)[at](v);
  } else {
    (v.columns % kLanes != 0 ? kVisits<Weight, false, true> : kVisits<Weight, false, false>)[at](v);
  }
}

// Row p of an image against a group of taps and one block of `channels` input channels.  `v` holds
// pointers to the whole batch.
template <class Weight>
void visit_row(const SkipZeroRun<Weight>& run, std::int64_t image, std::int64_t p,
               const TapGroup& group, std::int64_t channels, Visits<Weight> v) {
  const PassAxis& h = run.pass.h;
  const PassAxis& w = run.pass.w;
  const std::int64_t row = h.in_first + p * h.in_step + group.h * h.tap_step;
  v.y += ((image * h.out + h.first + p * h.step) * w.out + w.first) * run.out_channels;
  const Visits<Weight> all = v;
  const auto run_range = [&](std::int64_t begin, std::int64_t end, std::int64_t tap,
                             std::int64_t last_tap) {
    if (begin >= end || (tap >= last_tap && !v.first)) return;
    v.pixels = end - begin;
    v.keep[0] = v.keep[1] = 0;
    if (tap < last_tap) {
      const std::int64_t pixel =
          (image * h.in + row) * w.in + w.in_first + begin * w.in_step + tap * w.tap_step;
      constexpr std::uint64_t kAll = ~std::uint64_t{0};
      const std::int64_t bits = (last_tap - tap) * channels;
      v.keep[0] = kAll >> (64 - std::min<std::int64_t>(64, bits));
      v.keep[1] = bits > 64 ? kAll >> (128 - bits) : 0;
      v.mask = all.mask + pixel * run.words;
      v.x = all.x + pixel * run.in_channels;
      v.weights = all.weights + (tap - group.w) * channels * packed_row<Weight>(v.columns, kLanes);
    }
    v.y = all.y + begin * v.y_pixel;
    if (!v.first) v.init = v.y;
    run_visits(v);
  };
  if (group.count == 0 || row < 0 || row >= h.in) {
    v.mask_pixel = v.x_pixel = 0;
    return run_range(0, w.count, 0, 0);
  }
  // Outputs that read the image with the first and with the last tap read it with all of them.
  const std::int64_t last_tap = group.w + group.count;
  const auto [begin, begin_end] = w.outputs_inside(group.w, 0, w.count);
  const auto [end_begin, end] = w.outputs_inside(last_tap - 1, 0, w.count);
  const auto border = [&](std::int64_t q) {
    const auto [tap, tap_end] = w.taps_inside(q, q);
    run_range(q, q + 1, std::max(tap, group.w), std::min(tap_end, last_tap));
  };
  const std::int64_t inside = std::max(begin, end_begin);
  const std::int64_t inside_end = std::max(inside, std::min(begin_end, end));
  for (std::int64_t q = 0; q < inside; ++q) border(q);
  run_range(inside, inside_end, group.w, last_tap);
  for (std::int64_t q = inside_end; q < w.count; ++q) border(q);
}

// The pieces [first, last) of the output, all channels.
// Order: block of output channels, block of input channels, group of taps; then the pixels.  The
// weights of a visit stay in L1 while the pixels stream by from L2.
template <class Weight>
void run_skip_zero(const SkipZeroRun<Weight>& run, std::int64_t first_piece,
                   std::int64_t last_piece) {
  const PassAxis& h = run.pass.h;
  const PassAxis& w = run.pass.w;
  const Weight* weights = run.weights;
  for (std::int64_t o = 0; o < run.out_channels; o += run.blocks.columns(o)) {
    const std::int64_t columns = run.blocks.columns(o);
    const std::int64_t weights_row = packed_row<Weight>(columns, kLanes);
    float bias[kMostVectors * kLanes] = {};
    if (run.bias) std::copy_n(run.bias + o, columns, bias);
    const auto groups = tap_groups(run.pass, run.in_channels, run.most);
    for (std::int64_t word = 0; word < run.words; word += run.most / 64) {
      const std::int64_t channels = std::min(run.most, run.in_channels - word * 64);
      for (const TapGroup& group : groups) {
        const bool begins = word == 0 && &group == &groups.front();
        const std::int64_t y_pixel = w.step * run.out_channels;
        const Visits<Weight> v{.mask = run.mask + word,
                               .mask_pixel = w.in_step * run.words,
                               .x = run.in + word * 64,
                               .x_pixel = w.in_step * run.in_channels,
                               .weights = weights,
                               .init = bias,
                               .init_pixel = begins ? 0 : y_pixel,
                               .y = run.out + o,
                               .y_pixel = y_pixel,
                               .columns = columns,
                               .first = begins};
        weights += group.count * channels * weights_row;
        for (std::int64_t piece = first_piece; piece < last_piece; ++piece) {
          const auto [image, first, last] = run.pieces.at(piece, h.count);
          const auto inside = h.outputs_inside(group.h, first, last);
          const auto [begin, end] = begins ? std::pair{first, last} : inside;
          for (std::int64_t p = begin; p < end; ++p) visit_row(run, image, p, group, channels, v);
        }
      }
    }
  }
}

void RunSkipZero(const SkipZeroRun<float>& run, std::int64_t first_piece, std::int64_t last_piece) {
  run_skip_zero(run, first_piece, last_piece);
}
void RunSkipZeroBf16(const SkipZeroRun<Bf16Pair>& run, std::int64_t first_piece,
                     std::int64_t last_piece) {
  run_skip_zero(run, first_piece, last_piece);
}

// 64 rows of b at a time: packed they stay in L1 while the rows of a and c stream by.
void MultiplyBlock(const MatmulBlock& m) {
  const float zeros[kMostVectors * kLanes] = {};
  const std::int64_t words = ceil_div(m.depth, 64), width = round_up(m.columns, kLanes);
  std::fill_n(m.packed, 64 * width, 0.0f);
  for (std::int64_t word = 0; word < words; ++word) {
    const float* const b = m.b + word * 64 * m.pitch;
    for (std::int64_t i = 0; i < std::min<std::int64_t>(64, m.depth - word * 64); ++i) {
      std::copy_n(b + i * m.pitch, m.columns, m.packed + i * width);
    }
    run_visits<float>({.pixels = m.rows,
                       .mask = m.mask + word,
                       .mask_pixel = words,
                       .keep = {~std::uint64_t{0}},
                       .x = m.a + word * 64,
                       .x_pixel = m.depth,
                       .weights = m.packed,
                       .init = word == 0 ? zeros : m.c,
                       .init_pixel = word == 0 ? 0 : m.pitch,
                       .y = m.c,
                       .y_pixel = m.pitch,
                       .columns = m.columns,
                       .first = word == 0});
  }
}

// The channels [c, c + 16) of four filters: 4x4 values at a time are transposed in registers.
HWY_INLINE void transpose_filters(const PackedBlock& b, std::int64_t c, std::int64_t v) {
  constexpr std::int64_t kChannels = 16;
#if HWY_TARGET == HWY_SCALAR
  for (std::int64_t i = v; i < v + 4; ++i) {
    for (std::int64_t j = c; j < c + kChannels; ++j) {
      b.to[j * b.width + i] = b.from[i * b.out_stride + j];
    }
  }
#else
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> pairs;
  const float* const from = b.from + v * b.out_stride;
  HWY_UNROLL(4)
  for (std::int64_t j = c; j < c + kChannels; j += 4) {
    const auto row0 = hn::LoadU(d, from + j);
    const auto row1 = hn::LoadU(d, from + b.out_stride + j);
    const auto row2 = hn::LoadU(d, from + 2 * b.out_stride + j);
    const auto row3 = hn::LoadU(d, from + 3 * b.out_stride + j);
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, row0, row1));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, row2, row3));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, row0, row1));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, row2, row3));
    float* const to = b.to + j * b.width + v;
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + b.width);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 2 * b.width);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 3 * b.width);
  }
#endif
}

// A line of cache of each filter is read at once: filters may be any number of pages apart.
void PackBlock(const PackedBlock& b) {
  const auto copy = [&b](std::int64_t c, std::int64_t c_end, std::int64_t v, std::int64_t v_end) {
    for (; c < c_end; ++c) {
      for (std::int64_t i = v; i < v_end; ++i) {
        b.to[c * b.width + i] = b.from[i * b.out_stride + c * b.in_stride];
      }
    }
  };
  const bool filters = b.in_stride == 1 && b.out_stride > 1;
  const std::int64_t channels = filters ? b.channels / 16 * 16 : 0;
  const std::int64_t columns = b.columns / 4 * 4;
  for (std::int64_t c = 0; c < channels; c += 16) {
    for (std::int64_t v = 0; v < columns; v += 4) transpose_filters(b, c, v);
  }
  copy(0, channels, columns, b.columns);
  copy(channels, b.channels, 0, b.columns);
  if (b.columns == b.width) return;
  for (std::int64_t c = 0; c < b.channels; ++c) {
    std::fill(b.to + c * b.width + b.columns, b.to + (c + 1) * b.width, 0.0f);
  }
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(RunSkipZero);
HWY_EXPORT(RunSkipZeroBf16);
HWY_EXPORT(PackBlock);
HWY_EXPORT(MultiplyBlock);

namespace {

// What a thread works on at a time, so that sums, input and weights stay in a 1 MiB L2.
constexpr std::int64_t kItemFloats = 96 * 1024;

// The floats of a row of the output and of the input behind it that one visit touches.
std::int64_t floats_per_row(const Pass& pass, std::int64_t in_channels, std::int64_t columns) {
  return pass.w.count * columns +
         pass.h.in_step * pass.w.in * std::min<std::int64_t>(64, in_channels);
}

Items pieces_of(const Pass& pass, std::int64_t batch, std::int64_t in_channels,
                std::int64_t out_channels) {
  const SkipZeroBlocks blocks(out_channels, direct_lanes());
  return {batch, pass.h.count, floats_per_row(pass, in_channels, blocks.columns(0)), kItemFloats};
}

// Few channels: a word for each pixel that holds the bits of `count` pixels side by side, whose
// values and weights lie side by side, too.
std::unique_ptr<ZeroMask> side_by_side(const ZeroMask& mask, std::int64_t count) {
  auto words = std::make_unique<ZeroMask>(mask.rows(), 64, Device::cpu);
  parallel_for(mask.rows(), 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t pixel = begin; pixel < end; ++pixel) {
      std::uint64_t bits = 0;
      for (std::int64_t i = 0; i < std::min(count, mask.rows() - pixel); ++i) {
        bits |= *mask.words(pixel + i) << (i * mask.channels());
      }
      *words->words(pixel) = bits;
    }
  });
  return words;
}

void run_pieces(const SkipZeroRun<float>& run, std::int64_t first, std::int64_t last) {
  HWY_DYNAMIC_DISPATCH(RunSkipZero)(run, first, last);
}
void run_pieces(const SkipZeroRun<Bf16Pair>& run, std::int64_t first, std::int64_t last) {
  HWY_DYNAMIC_DISPATCH(RunSkipZeroBf16)(run, first, last);
}

template <class Weight>
void run_pass(SkipZeroRun<Weight> run, const ZeroMask& mask, const PixelsDone& done) {
  run.words = mask.words_per_row();
  run.mask = mask.words();
  std::unique_ptr<ZeroMask> wider;
  run.most = most_per_visit<Weight>(run.in_channels, run.blocks.columns(0));
  const std::int64_t count = tap_groups(run.pass, run.in_channels, run.most).front().count;
  if (count > 1 && run.in_channels < 64) {  // words of 64 channels lie side by side already
    wider = side_by_side(mask, count);
    run.mask = wider->words();
  }
  const std::int64_t piece_floats =
      run.pieces.rows * floats_per_row(run.pass, run.in_channels, run.blocks.columns(0));
  // Small images: several at a time, as each item reads all weights again.
  const std::int64_t together =
      std::max<std::int64_t>(1, kItemFloats / std::max<std::int64_t>(1, piece_floats));
  run_items(run.pass, run.pieces, together, done,
            [&](std::int64_t first, std::int64_t last) { run_pieces(run, first, last); });
}

}  // namespace

void pack_block(const PackedBlock& block) { HWY_DYNAMIC_DISPATCH(PackBlock)(block); }

std::int64_t skip_zero_pieces(const Conv2dShape& s) {
  return pieces_of(forward_pass(s), s.batch, s.in_channels, s.out_channels).count;
}

template <class Weight>
void conv2d_skip_zero(const Conv2dShape& s, const float* x, const ZeroMask& mask,
                      const PoolArray<Weight>& w, const float* bias, float* y,
                      const PixelsDone& done) {
  const Pass pass = forward_pass(s);
  run_pass<Weight>({.pass = pass,
                    .pieces = pieces_of(pass, s.batch, s.in_channels, s.out_channels),
                    .blocks = SkipZeroBlocks(s.out_channels, direct_lanes()),
                    .in_channels = s.in_channels,
                    .out_channels = s.out_channels,
                    .in = x,
                    .weights = w.values(),
                    .bias = bias,
                    .out = y},
                   mask, done);
}
template void conv2d_skip_zero(const Conv2dShape&, const float*, const ZeroMask&, const Floats&,
                               const float*, float*, const PixelsDone&);
template void conv2d_skip_zero(const Conv2dShape&, const float*, const ZeroMask&, const Bf16Pairs&,
                               const float*, float*, const PixelsDone&);

template <class Weight>
void conv1x1_skip_zero(std::int64_t pixels, std::int64_t in_channels, std::int64_t out_channels,
                       const float* x, const std::uint64_t* mask, const PoolArray<Weight>& w,
                       const float* bias, float* y) {
  const std::int64_t words = ceil_div(in_channels, 64);
  const SkipZeroBlocks blocks(out_channels, direct_lanes());
  parallel_for(pixels, 1, [&](std::int64_t begin, std::int64_t end) {
    const Pass pass = forward_pass({.in_w = end - begin});
    run_pieces(SkipZeroRun<Weight>{.pass = pass,
                                   .pieces = pieces_of(pass, 1, in_channels, out_channels),
                                   .blocks = SkipZeroBlocks(out_channels, direct_lanes()),
                                   .in_channels = in_channels,
                                   .out_channels = out_channels,
                                   .in = x + begin * in_channels,
                                   .mask = mask + begin * words,
                                   .words = words,
                                   .most = most_per_visit<Weight>(in_channels, blocks.columns(0)),
                                   .weights = w.values(),
                                   .bias = bias,
                                   .out = y + begin * out_channels},
               0, 1);
  });
}
template void conv1x1_skip_zero(std::int64_t, std::int64_t, std::int64_t, const float*,
                                const std::uint64_t*, const Floats&, const float*, float*);
template void conv1x1_skip_zero(std::int64_t, std::int64_t, std::int64_t, const float*,
                                const std::uint64_t*, const Bf16Pairs&, const float*, float*);

void matmul_skip_zero(std::int64_t rows, std::int64_t depth, std::int64_t columns, const float* a,
                      const std::uint64_t* mask, const float* b, float* c) {
  const SkipZeroBlocks blocks(columns, direct_lanes());
  const std::int64_t block = blocks.columns(0);
  parallel_for(ceil_div(columns, block), 1, [&](std::int64_t begin, std::int64_t end) {
    const Floats packed(64 * blocks.width(0));
    for (std::int64_t j = begin * block; j < std::min(columns, end * block); j += block) {
      HWY_DYNAMIC_DISPATCH(MultiplyBlock)
      ({.rows = rows,
        .depth = depth,
        .columns = blocks.columns(j),
        .a = a,
        .mask = mask,
        .b = b + j,
        .c = c + j,
        .pitch = columns,
        .packed = packed.values()});
    }
  });
}

void conv2d_grad_input_skip_zero(const Conv2dShape& s, const float* grad_y, const ZeroMask& mask,
                                 const Floats& w, float* grad_x) {
  const float* weights = w.values();
  for (const Pass& pass : grad_input_passes(s)) {
    const float* const here = weights;
    weights += packed_floats(pass, s.out_channels, s.in_channels);
    if (pass.h.count == 0 || pass.w.count == 0) continue;
    run_pass<float>({.pass = pass,
                     .pieces = pieces_of(pass, s.batch, s.out_channels, s.in_channels),
                     .blocks = SkipZeroBlocks(s.in_channels, direct_lanes()),
                     .in_channels = s.out_channels,
                     .out_channels = s.in_channels,
                     .in = grad_y,
                     .weights = here,
                     .bias = nullptr,
                     .out = grad_x},
                    mask, nullptr);
  }
}

}  // namespace joule::cpu
#endif
