// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/conv2d/cpu/runs.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <vector>

#include "joule/core/threads.h"
#include "joule/kernels/conv2d/cpu/runs.h"
#include "joule/kernels/conv2d/cpu/runs_plan.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
#include "joule/kernels/conv2d/cpu/sums.inc"

// A row of output pixels against some kernel rows and one block of output channels.
template <class Weight>
struct RowVisit {
  std::int64_t pixels;
  std::int64_t column, column_step, columns_in;  // of the input, at the first pixel and tap
  std::int64_t taps, tap_rows;
  const NonzeroRuns::Row* rows;             // the one of the input that the first kernel row meets,
  std::int64_t row_step;                    // and how far it is to the next
  std::int64_t channels;                    // of the input
  const Weight* weights;                    // of all kernel rows
  std::int64_t first_weights, weights_row;  // one is the weights of an input: a block
  const float* init;                        // the sums so far, or the bias
  std::int64_t init_pixel;
  float* y;
  std::int64_t y_pixel;
  std::int64_t columns;  // of the block of output channels
};

struct Run {
  const NonzeroRuns::Entry *entry, *end;
};

// sums[.][v] += value * weights[first + at][v] for the elements of a run.
template <int kVectors, class Weight>
HWY_INLINE void add_run(Run run, const Weight* HWY_RESTRICT weights, std::int64_t first,
                        Sums<kVectors>& sums) {
  constexpr std::int64_t kRow = packed_row<Weight>(kVectors * kLanes, kLanes);
  const Vectors d;
  while (run.entry != run.end) {
    for (auto& acc : sums) {
      const auto value = hn::Set(d, run.entry->value);
      multiply_add<kVectors>(value, weights + (first + std::int64_t{run.entry->at}) * kRow, acc);
      if (++run.entry == run.end) break;
    }
  }
}

// The pixels that the taps of a kernel row meet are neighbours, so their non-zeros are one run; at
// the border it is shorter, which needs no case of its own.
template <class Weight>
HWY_INLINE Run run_at(const RowVisit<Weight>& v, NonzeroRuns::Row row, std::int64_t column) {
  return {row[std::clamp<std::int64_t>(column, 0, v.columns_in)],
          row[std::clamp<std::int64_t>(column + v.taps, 0, v.columns_in)]};
}

// The sums of a pixel stay in registers over all kernel rows and are stored once.  What costs is
// the end of a run, a branch that cannot be foreseen: so where the next one lies is in registers.
template <class Weight, int kVectors, bool kTail>
HWY_NOINLINE void visit(const RowVisit<Weight>& v) {
  const auto tail = tail_of<kVectors>(v.columns);
  const RowVisit<Weight> l = v;  // a store of floats might change *v
  const float* init = l.init;
  float* y = l.y;
  std::int64_t column = l.column;
  const NonzeroRuns::Row* row = l.rows;
  Run next = run_at(l, *row, column);
  for (std::int64_t left = l.pixels; left > 0; --left, init += l.init_pixel, y += l.y_pixel) {
    Sums<kVectors> sums;
    load_sums<kVectors, kTail>(init, tail, sums);
    std::int64_t first = l.first_weights - column * l.channels;
    for (std::int64_t h = l.tap_rows; h > 0; --h, first += l.weights_row) {
      const Run run = next;
      row = h > 1 ? row + l.row_step : l.rows;
      column += h > 1 ? 0 : l.column_step;
      next = run_at(l, *row, column);
      add_run<kVectors>(run, l.weights, first, sums);
    }
    store_sums<kVectors, kTail>(sums, tail, y);
  }
}

template <class Weight>
using Visit = void (*)(const RowVisit<Weight>&);

template <class W, bool kTail>
constexpr Visit<W> kVisits[] = {visit<W, 1, kTail>, visit<W, 2, kTail>, visit<W, 3, kTail>,
                                visit<W, 4, kTail>, visit<W, 5, kTail>, visit<W, 6, kTail>,
                                visit<W, 7, kTail>, visit<W, 8, kTail>};
static_assert(std::size(kVisits<float, true>) == kMostVectors);

// Has `v` meet those of the kernel rows [group, group_end) that row p of the output meets.
template <class Weight>
void meet_rows(const RunsRun<Weight>& run, std::int64_t image, std::int64_t p, std::int64_t group,
               std::int64_t group_end, RowVisit<Weight>& v) {
  const PassAxis& h = run.pass.h;
  const auto [tap, tap_end] = h.taps_inside(p, p);
  const std::int64_t first = std::max(tap, group);
  v.tap_rows = std::max<std::int64_t>(0, std::min(tap_end, group_end) - first);
  if (v.tap_rows == 0) {  // the row may lie outside of the image
    v.rows = run.rows;
    return;
  }
  v.rows = run.rows + image * h.in + h.in_first + p * h.in_step + first * h.tap_step;
  v.first_weights = first * v.weights_row;
}

// The pieces [first, last) of the output, all channels.
// Order: block of output channels, group of kernel rows; then the pixels.  The weights of a block
// and group stay in L2 while the runs stream by.
template <class Weight>
void run_runs(const RunsRun<Weight>& run, std::int64_t first_piece, std::int64_t last_piece) {
  const PassAxis& h = run.pass.h;
  const PassAxis& w = run.pass.w;
  const Weight* weights = run.weights;
  for (std::int64_t o = 0; o < run.out_channels; o += run.blocks.columns(o)) {
    const std::int64_t columns = run.blocks.columns(o);
    const std::int64_t weights_row = packed_row<Weight>(columns, kLanes);
    float bias[kMostVectors * kLanes] = {};
    if (run.bias) std::copy_n(run.bias + o, columns, bias);
    RowVisit<Weight> v{.pixels = w.count,
                       .column = w.in_first,
                       .column_step = w.in_step,
                       .columns_in = w.in,
                       .taps = w.taps,
                       .row_step = h.tap_step,
                       .channels = run.in_channels,
                       .weights = weights,
                       .weights_row = w.taps * run.in_channels,
                       .y_pixel = w.step * run.out_channels,
                       .columns = columns};
    weights += h.taps * v.weights_row * weights_row;
    const auto& visits = columns % kLanes != 0 ? kVisits<Weight, true> : kVisits<Weight, false>;
    const Visit<Weight> visit = visits[ceil_div(columns, kLanes) - 1];
    const std::int64_t together = tap_rows_together<Weight>(run.pass, run.in_channels, weights_row);
    for (std::int64_t group = 0; group == 0 || group < h.taps; group += together) {
      for (std::int64_t piece = first_piece; piece < last_piece; ++piece) {
        const auto [image, first, last] = run.pieces.at(piece, h.count);
        for (std::int64_t p = first; p < last; ++p) {
          meet_rows(run, image, p, group, group + together, v);
          if (v.tap_rows == 0 && group > 0) continue;
          v.y = run.out + o +
                ((image * h.out + h.first + p * h.step) * w.out + w.first) * run.out_channels;
          v.init = group > 0 ? v.y : bias;
          v.init_pixel = group > 0 ? v.y_pixel : 0;
          visit(v);
        }
      }
    }
  }
}

void RunRuns(const RunsRun<float>& run, std::int64_t first_piece, std::int64_t last_piece) {
  run_runs(run, first_piece, last_piece);
}
void RunRunsBf16(const RunsRun<Bf16Pair>& run, std::int64_t first_piece, std::int64_t last_piece) {
  run_runs(run, first_piece, last_piece);
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(RunRuns);
HWY_EXPORT(RunRunsBf16);

namespace {

// What is handed over as complete at a time, so that it is in L2 then.
constexpr std::int64_t kPieceFloats = 32 * 1024;
// What a thread writes before it begins again with the first weights, if they fit into L2 only in
// parts: their way from L3 must not be walked too often.
constexpr std::int64_t kItemFloats = 512 * 1024;

Items pieces_of(const Pass& pass, std::int64_t batch, std::int64_t out_channels) {
  return {batch, pass.h.count, pass.w.count * out_channels, kPieceFloats};
}

void run_pieces(const RunsRun<float>& run, std::int64_t first, std::int64_t last) {
  HWY_DYNAMIC_DISPATCH(RunRuns)(run, first, last);
}
void run_pieces(const RunsRun<Bf16Pair>& run, std::int64_t first, std::int64_t last) {
  HWY_DYNAMIC_DISPATCH(RunRunsBf16)(run, first, last);
}

template <class Weight>
void run_pass(const RunsRun<Weight>& run, const PixelsDone& done) {
  const Pass& pass = run.pass;
  const std::int64_t columns = run.blocks.columns(0);
  const std::int64_t weights_row = packed_row<Weight>(columns, direct_lanes());
  const bool parts = columns < run.out_channels ||
                     tap_rows_together<Weight>(pass, run.in_channels, weights_row) < pass.h.taps;
  const std::int64_t piece_floats = run.pieces.rows * pass.w.count * run.out_channels;
  const std::int64_t together =
      parts ? std::max<std::int64_t>(1, kItemFloats / std::max<std::int64_t>(1, piece_floats)) : 1;
  run_items(run.pass, run.pieces, together, done,
            [&](std::int64_t first, std::int64_t last) { run_pieces(run, first, last); });
}

void pack_pass(const Conv2dShape& s, const PassWeights& p) {
  const Pass& pass = p.pass;
  const SkipZeroBlocks blocks(p.out_channels, direct_lanes());
  const std::int64_t taps = pass.h.taps * pass.w.taps;
  const std::int64_t count = ceil_div(p.out_channels, blocks.columns(0)) * taps;
  parallel_for(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t o = i / taps * blocks.columns(0), tap = i % taps;
      const std::int64_t r = pass.h.kernel_first + tap / pass.w.taps * pass.h.kernel_step;
      const std::int64_t t = pass.w.kernel_first + tap % pass.w.taps * pass.w.kernel_step;
      pack_block({.from = p.from + (r * s.kernel_w + t) * s.in_channels + o * p.out_stride,
                  .in_stride = p.in_stride,
                  .out_stride = p.out_stride,
                  .channels = p.in_channels,
                  .columns = blocks.columns(o),
                  .width = blocks.width(o),
                  .to = p.to + (o * taps + tap * blocks.width(o)) * p.in_channels});
    }
  });
}

}  // namespace

std::shared_ptr<const Floats> pack_runs_forward(const Conv2dShape& s, const float* w) {
  return pack_passes(s, false, w, pack_pass);
}

std::shared_ptr<const Floats> pack_runs_grad_input(const Conv2dShape& s, const float* w) {
  return pack_passes(s, true, w, pack_pass);
}

std::int64_t runs_pieces(const Conv2dShape& s) {
  return pieces_of(forward_pass(s), s.batch, s.out_channels).count;
}

template <class Weight>
void conv2d_runs(const Conv2dShape& s, const NonzeroRuns& x, const PoolArray<Weight>& w,
                 const float* bias, float* y, const PixelsDone& done) {
  const Pass pass = forward_pass(s);
  run_pass<Weight>({.pass = pass,
                    .pieces = pieces_of(pass, s.batch, s.out_channels),
                    .blocks = SkipZeroBlocks(s.out_channels, direct_lanes()),
                    .in_channels = s.in_channels,
                    .out_channels = s.out_channels,
                    .rows = x.rows(),
                    .weights = w.values(),
                    .bias = bias,
                    .out = y},
                   done);
}
template void conv2d_runs(const Conv2dShape&, const NonzeroRuns&, const Floats&, const float*,
                          float*, const PixelsDone&);
template void conv2d_runs(const Conv2dShape&, const NonzeroRuns&, const Bf16Pairs&, const float*,
                          float*, const PixelsDone&);

void conv2d_grad_input_runs(const Conv2dShape& s, const NonzeroRuns& grad_y, const Floats& w,
                            float* grad_x) {
  const float* weights = w.values();
  for (const Pass& pass : grad_input_passes(s)) {
    const float* const here = weights;
    weights += packed_floats(pass, s.out_channels, s.in_channels);
    if (pass.h.count == 0 || pass.w.count == 0) continue;
    run_pass<float>({.pass = pass,
                     .pieces = pieces_of(pass, s.batch, s.in_channels),
                     .blocks = SkipZeroBlocks(s.in_channels, direct_lanes()),
                     .in_channels = s.out_channels,
                     .out_channels = s.in_channels,
                     .rows = grad_y.rows(),
                     .weights = here,
                     .bias = nullptr,
                     .out = grad_x},
                    nullptr);
  }
}

}  // namespace joule::cpu
#endif
