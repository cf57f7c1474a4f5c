// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/dropout/dropout.h"

// What dropout.cpp and dropout_cpu.cpp share; private to them.
namespace joule::cpu {

/// Rows [first, last) of Dropout; the pointers are those of row 0.
struct DropoutRows {
  std::int64_t first;
  std::int64_t last;
  std::int64_t channels;
  const float* x;
  float* y;
  std::uint64_t* mask;  // see ZeroMask
  float probability;
  RandomState random;
  int skip;
};

void dropout_simd(const ops::Dropout& op, Context& ctx, Tally* tally);

}  // namespace joule::cpu

namespace joule::cuda {
void dropout(const ops::Dropout& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
