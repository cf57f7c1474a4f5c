// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/cpu/skip_zero_plan.h"
#include "joule/kernels/product/nonzero_runs.h"

// What the drivers of runs.cpp pass to the code that is compiled per instruction set.
namespace joule::cpu {

/// How many kernel rows are computed together, such that their weights for one block of output
/// channels (`weights_row` per input) stay in a 1 MiB L2 beside the runs and outputs that stream
/// through.
template <class Weight>
std::int64_t tap_rows_together(const Pass& pass, std::int64_t in_channels,
                               std::int64_t weights_row) {
  constexpr std::int64_t kWeights = 640 * 1024 / sizeof(Weight);
  const std::int64_t row = std::max<std::int64_t>(1, pass.w.taps * in_channels * weights_row);
  return std::max<std::int64_t>(1, kWeights / row);
}

/// One pass over a batch.
template <class Weight>
struct RunsRun {
  Pass pass;
  Items pieces;
  SkipZeroBlocks blocks;
  std::int64_t in_channels, out_channels;
  const NonzeroRuns::Row* rows;  // of the input
  const Weight* weights;         // packed
  const float* bias;             // or null
  float* out;
};

}  // namespace joule::cpu
