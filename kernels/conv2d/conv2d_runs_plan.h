// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/conv2d/conv2d_skip_zero_plan.h"
#include "kernels/nonzero_runs.h"

// What the drivers of conv2d_runs.cpp hand to the code that is compiled per instruction set.
namespace joule::cpu {

/// How many kernel rows are computed at a time, so that their weights for one block of `width`
/// output channels stay in a 1 MiB L2 beside the runs and the outputs that stream by.
inline std::int64_t tap_rows_together(const Pass& pass, std::int64_t in_channels,
                                      std::int64_t width) {
  constexpr std::int64_t kWeightFloats = 160 * 1024;
  const std::int64_t row = std::max<std::int64_t>(1, pass.w.taps * in_channels * width);
  return std::max<std::int64_t>(1, kWeightFloats / row);
}

/// One pass over a batch.
struct RunsRun {
  Pass pass;
  Items pieces;
  SkipZeroBlocks blocks;
  std::int64_t in_channels, out_channels;
  const NonzeroRuns::Row* rows;  // of the input
  const float* weights;          // packed
  const float* bias;             // or null
  float* out;
};

}  // namespace joule::cpu
