// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include "joule/core/cuda/launch.h"
#include "joule/kernels/conv2d/cuda/grad_weight/correlation.h"
#include "joule/kernels/conv2d/cuda/nonzero_runs.h"
#include "joule/kernels/conv2d/cuda/pieces.h"
#include "joule/kernels/conv2d/cuda/warp_sums.h"

// The convolution of images with hardly any non-zeros: these are listed, and what is done after
// that is done for each of them.
namespace joule::cuda {
namespace {

constexpr int kWarps = 16;  // of a block; fewer where there are few pixels
constexpr int kRows = 16;   // pixels of a warp

/// What a warp reads of the lists: the non-zeros that a pixel of the output meets in a piece of the
/// weights.
struct alignas(16) Run {
  std::int64_t first;  // of all that are listed
  int count;
  unsigned origin;  // the index to which the piece's first row of weights belongs
};

/// The weights in pieces that fit shared memory: of one tap of the kernel's height, some of its
/// width that lie side by side, and of those all channels or, if they are too many, of one tap a
/// part of them.  All that a pixel of the output meets in a piece is one run.
struct Pieces {
  int taps;           // of a piece; the last of a row of the kernel may have fewer
  int channels;       // likewise
  int across, parts;  // pieces of a row of the kernel, and of the channels
  int count;
  int together;  // how many are in shared memory at a time

  __host__ __device__ int rows() const { return taps * channels; }
};

/// Where a piece begins.
struct Place {
  int a, b;  // the tap
  int part;
};

__device__ Place place_of(const Pieces& pieces, int piece) {
  const int tap = piece / pieces.parts;
  return {tap / pieces.across, tap % pieces.across * pieces.taps, piece % pieces.parts};
}

/// All threads: brings the pieces from `first` on, of the block's columns.
template <int kEach>
__device__ void load_weights(const Correlation& c, const Pieces& pieces, int first,
                             int first_column, float* to) {
  constexpr int kColumns = static_cast<int>(kWarp) * kEach, kFours = kColumns / 4;
  const int end = min(first + pieces.together, pieces.count);
  for (int piece = first; piece < end; ++piece) {
    const Place place = place_of(pieces, piece);
    const int taps = min(pieces.taps, c.w.taps - place.b);
    const int first_channel = place.part * pieces.channels;
    const int rows = min(pieces.channels, c.in_channels - first_channel);
    for (int tap = 0; tap < taps; ++tap) {
      const std::int64_t row = weight_row(c, place.a, place.b + tap) + first_channel;
      const float* const from = c.weights + row * c.packed_columns + first_column;
      float* const tap_to =
          to + ((piece - first) * pieces.rows() + tap * pieces.channels) * kColumns;
#pragma unroll 4
      for (int i = static_cast<int>(threadIdx.x); i < rows * kFours;
           i += static_cast<int>(blockDim.x)) {
        const int column = i % kFours * 4;
        const bool exists = first_column + column < c.packed_columns;
        const float* const four = from + std::int64_t{i / kFours} * c.packed_columns + column;
        (exists ? Floats<4>::load(four) : Floats<4>{}).store(tap_to + i * 4);
      }
    }
  }
}

/// What the output that reads `pixel` by tap (0, 0) meets in a piece; nothing outside of the image.
__device__ Run run_of(const Correlation& c, const NonzeroRuns& lists, const Pieces& pieces,
                      const ReadPixel& pixel, const Place& place) {
  const int h = pixel.h + place.a * c.h.tap_step, w = pixel.w + place.b * c.w.tap_step;
  if (h < 0 || h >= c.h.in) return {};
  const int taps = min(pieces.taps, c.w.taps - place.b);
  const int begin = max(w, 0), end = min(w + taps, c.w.in);
  if (begin >= end) return {};
  const std::int64_t row = pixel.image_row + h;
  const unsigned* const starts = lists.starts + row * lists.row_starts() + place.part;
  const unsigned from = starts[begin * pieces.parts];
  const unsigned to = starts[(end - 1) * pieces.parts + 1];
  const unsigned origin = static_cast<unsigned>(w) * static_cast<unsigned>(c.in_channels) +
                          static_cast<unsigned>(place.part * pieces.channels);
  return {row * lists.row_values() + from, static_cast<int>(to - from), origin};
}

/// sums += value * weights of kCount non-zeros, in order.  Their loads are under way together.
template <int kCount, int kEach>
__device__ void add_nonzeros(const Nonzero* from, unsigned origin, const float* weights,
                             float (&sums)[kEach]) {
  Nonzero nonzeros[kCount];
  Floats<kEach> columns[kCount];
#pragma unroll
  for (int i = 0; i < kCount; ++i) nonzeros[i] = from[i];
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    const auto row = static_cast<int>(nonzeros[i].index - origin);
    columns[i] = Floats<kEach>::load(weights + row * static_cast<int>(kWarp) * kEach);
  }
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    for (int k = 0; k < kEach; ++k) sums[k] += nonzeros[i].value * columns[i].at[k];
  }
}

/// The same of a run, whose first is `from`.
template <int kEach>
__device__ void add_run(const Run& run, const Nonzero* from, const float* weights,
                        float (&sums)[kEach]) {
#pragma unroll 1
  for (int left = run.count; left >= 4; left -= 4, from += 4) {
    add_nonzeros<4>(from, run.origin, weights, sums);
  }
  if (run.count & 2) {
    add_nonzeros<2>(from, run.origin, weights, sums);
    from += 2;
  }
  if (run.count & 1) add_nonzeros<1>(from, run.origin, weights, sums);
}

/// One warp per 16 pixels of the output and 32 * kEach of its channels, whose sums are in its
/// registers; up to sixteen to a block, which share the weights and go from 256 pixels to the next.
/// If shared memory holds all pieces, they are loaded once, otherwise for each 256 pixels.
/// Shared memory: 4 KiB and the pieces.  Bound: its and L1's 128 bytes a cycle; a non-zero takes
/// kEach cycles for its weights and one for itself.
template <int kEach>
__global__ void __launch_bounds__(kWarps* kWarp, 1)
    correlate_lists(const Correlation c, const NonzeroRuns lists, const Pieces pieces) {
  constexpr int kColumns = static_cast<int>(kWarp) * kEach;
  __shared__ Run runs[kWarps][kRows];
  auto* const weights = dynamic_shared<float>();
  const int lane = static_cast<int>(threadIdx.x % kWarp);
  const int warp = static_cast<int>(threadIdx.x / kWarp);
  const auto across = static_cast<unsigned>(column_tiles(c.out_channels, kEach));
  const int first_column = static_cast<int>(blockIdx.x % across) * kColumns;
  Epilogue::Totals totals;
  int loaded = -1;
  const std::int64_t pixels = blockDim.x / kWarp * kRows, step = gridDim.x / across * pixels;
  std::int64_t group = blockIdx.x;  // of pixels, and of columns
  for (std::int64_t first = blockIdx.x / across * pixels; first < c.pixels;
       first += step, group += gridDim.x) {
    const std::int64_t first_pixel = first + warp * kRows;
    const ReadPixel pixel = read_pixel(c, first_pixel + lane % kRows);
    float sums[kRows][kEach] = {};
    for (int piece = 0; piece < pieces.count; ++piece) {
      if (const int needed = piece - piece % pieces.together; needed != loaded) {
        __syncthreads();  // the weights before have been read
        load_weights<kEach>(c, pieces, needed, first_column, weights);
        __syncthreads();
        loaded = needed;
      }
      const Run mine = run_of(c, lists, pieces, pixel, place_of(pieces, piece));
      __syncwarp();  // the runs before have been read
      if (lane < kRows) runs[warp][lane] = mine;
      __syncwarp();
      const float* const from =
          weights + (piece - loaded) * pieces.rows() * kColumns + lane * kEach;
#pragma unroll
      for (int row = 0; row < kRows; ++row) {
        const Run run = runs[warp][row];
        add_run<kEach>(run, lists.nonzeros + run.first, from, sums[row]);
      }
    }
    store_sums(c, sums, first_pixel, first_column, totals);
    c.epilogue.add(totals, group);
  }
}

/// How many rows of weights shared memory holds; a multiple of four.
int rows_that_fit(int each) {
  constexpr std::size_t kStatic = sizeof(Run) * kWarps * kRows + 1024;  // the latter of block_sum()
  const std::size_t row = sizeof(float) * kWarp * static_cast<std::size_t>(each);
  return static_cast<int>((shared_bytes_per_block() - kStatic) / row / 4 * 4);
}

/// Of the input, which all passes of a convolution have in common; see ListedNonzeros.
int part_channels(const Correlation& c) {
  const int most = rows_that_fit(columns_each(c.out_channels));
  const int parts = (c.in_channels + most - 1) / most;
  return parts == 1 ? c.in_channels : ((c.in_channels + parts - 1) / parts + 3) / 4 * 4;
}

using Kernel = void (*)(Correlation, NonzeroRuns, Pieces);

/// How a pass is launched.
struct Launch {
  int each;  // columns of a lane
  Kernel kernel;
  Pieces pieces;
  Grid grid, groups;  // as many blocks as the device holds; one for each group of pixels
};

/// Two columns to a lane instead of four, if all weights then stay in shared memory.  (Not one: the
/// non-zeros themselves would take as long as their weights.)
int columns_of(const Correlation& c) {
  const int most = columns_each(c.out_channels), rows = c.in_channels * c.h.taps * c.w.taps;
  return most == 4 && rows > rows_that_fit(4) && rows <= rows_that_fit(2) ? 2 : most;
}

/// As many blocks as the device holds at once: each keeps its weights, and takes one group of
/// pixels after the other.
Launch launch_of(const Correlation& c, const NonzeroRuns& lists) {
  const std::int64_t warps = (c.pixels + kRows - 1) / kRows, tiles = (warps + kWarps - 1) / kWarps;
  const int each = columns_of(c), rows = rows_that_fit(each);
  const bool side_by_side = lists.parts == 1 && c.w.tap_step == 1;
  Pieces pieces{
      .taps = side_by_side ? std::clamp(rows / c.in_channels, 1, std::max(1, c.w.taps)) : 1,
      .channels = lists.part_channels,
      .parts = lists.parts};
  pieces.across = (c.w.taps + pieces.taps - 1) / pieces.taps;
  pieces.count = c.h.taps * pieces.across * pieces.parts;
  pieces.together = std::clamp(rows / pieces.rows(), 1, std::max(1, pieces.count));
  const std::int64_t across = column_tiles(c.out_channels, each);
  const std::size_t weights =
      static_cast<std::size_t>(pieces.together) * pieces.rows() * kWarp * each;
  const Kernel kernel = each == 1   ? correlate_lists<1>
                        : each == 2 ? correlate_lists<2>
                                    : correlate_lists<4>;
  Grid grid{
      .threads = dim3(static_cast<unsigned>(std::clamp<std::int64_t>(warps, 1, kWarps)) * kWarp),
      .shared_bytes = weights * sizeof(float)};
  const std::int64_t at_once =
      std::min(tiles, std::max<std::int64_t>(1, resident_blocks(kernel, grid) / across));
  grid.blocks = dim3(static_cast<unsigned>(across * at_once));
  Grid groups = grid;
  groups.blocks = dim3(static_cast<unsigned>(across * tiles));
  return {each, kernel, pieces, grid, groups};
}

void launch_correlation(const Correlation& c, const NonzeroRuns& lists, const Launch& l) {
  launch(l.kernel, l.grid, c, lists, l.pieces);
}

}  // namespace

void conv2d_skip_zero_lists(const ops::Conv2d& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_weights(op.weight, Direction::forward);
  Correlation c(cpu::forward_pass(s), s, *weights, op.x, op.y);
  const ListedNonzeros lists(op.x, part_channels(c));
  const Launch l = launch_of(c, *lists);
  EpilogueOf epilogue(op, l.groups, covered_columns(c.out_channels, l.each));
  c.epilogue = *epilogue;
  launch_correlation(c, *lists, l);
  epilogue.finish();
  tally_zeros_of_x(tally, s, op.x, Zeros::skipped);
}

void conv2d_grad_input_skip_zero_lists(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const auto weights = packed_weights(op.weight, Direction::backward);
  std::optional<ListedNonzeros> lists;
  for (const cpu::Pass& pass : cpu::grad_input_passes(s)) {
    const Correlation c(pass, s, *weights, op.grad_y, op.grad_x);
    if (!lists) lists.emplace(op.grad_y, part_channels(c));
    launch_correlation(c, **lists, launch_of(c, **lists));
  }
  tally_zeros_of_grad_y(tally, s, op.grad_y, Zeros::skipped);
}

}  // namespace joule::cuda
