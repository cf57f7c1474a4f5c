// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/cpu/skip_zero_plan.h"

// What the drivers of skip_zero.cpp pass to the code that is compiled per instruction set.
namespace joule::cpu {

/// A column block of c = a * b.
struct MatmulBlock {
  std::int64_t rows, depth, columns;
  const float* a;             // [rows, depth]
  const std::uint64_t* mask;  // a's
  const float* b;             // the block's first column
  float* c;                   // likewise
  std::int64_t pitch;         // of b and c
  float* packed;              // 64 * round_up(columns, lanes) floats
};

/// One pass over a batch that skips the zeros of `in`.
template <class Weight>
struct SkipZeroRun {
  Pass pass;
  Items pieces;
  SkipZeroBlocks blocks;
  std::int64_t in_channels, out_channels;
  const float* in;
  const std::uint64_t* mask;  // the bits of a group's taps, starting at each pixel
  std::int64_t words;         // per pixel
  std::int64_t most;          // input channels that a pixel meets per visit
  const Weight* weights;      // packed
  const float* bias;          // or null
  float* out;
};

}  // namespace joule::cpu
