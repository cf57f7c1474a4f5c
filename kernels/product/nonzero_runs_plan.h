// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/product/nonzero_runs.h"

// What nonzero_runs.cpp passes to the code that is compiled per instruction set.
namespace joule::cpu {

/// The most entries that are written before their number is known.
inline constexpr int kMostAtOnce = 8;

/// The rows [first_row, last_row) of x, to be written to `entries`, which has room for kMostAtOnce
/// more than `nonzeros`.
struct RunsPiece {
  const float* x;
  const ZeroMask* mask;
  std::int64_t columns, first_row, last_row, nonzeros;
  NonzeroRuns::Entry* entries;
  const NonzeroRuns::Entry** starts;  // per pixel, and the end of the last
};

}  // namespace joule::cpu
