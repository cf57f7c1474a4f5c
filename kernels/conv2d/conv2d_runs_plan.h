// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/conv2d/conv2d_skip_zero_plan.h"

// What the drivers of conv2d_runs.cpp hand to the code that is compiled per instruction set.
namespace joule::cpu {

/// How the weights are cut so that those in use stay in a 1 MiB L2: into blocks of output channels,
/// narrower ones if need be, and these into groups of kernel rows.
struct RunsBlocks {
  SkipZeroBlocks columns;
  std::int64_t tap_rows;

  static RunsBlocks of(const Pass& pass, std::int64_t in_channels, std::int64_t out_channels,
                       std::int64_t lanes) {
    constexpr std::int64_t kWeightFloats = 160 * 1024;
    constexpr std::int64_t kFewVectors = 4;  // fewer would leave little to do per non-zero
    const std::int64_t row = std::max<std::int64_t>(1, pass.w.taps * in_channels * lanes);
    const std::int64_t all = row * std::max<std::int64_t>(1, pass.h.taps);
    const std::int64_t vectors = std::clamp(kWeightFloats / all, kFewVectors, kMostVectors);
    return {SkipZeroBlocks(out_channels, lanes, vectors),
            std::max<std::int64_t>(1, kWeightFloats / (row * vectors))};
  }
};

/// One pass over a batch.
struct RunsRun {
  Pass pass;
  Items pieces;
  RunsBlocks blocks;
  std::int64_t in_channels, out_channels;
  const std::int64_t* starts;  // of the input's pixels
  const float* values;
  const std::uint32_t* indexes;
  const float* weights;  // packed
  const float* bias;     // or null
  float* out;
};

}  // namespace joule::cpu
