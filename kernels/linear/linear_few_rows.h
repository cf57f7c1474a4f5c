// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// What the driver of linear_few_rows.cpp passes to the code that is compiled per instruction set.
namespace joule::cpu {

/// Outputs computed together: a whole number of vectors of every instruction set.
inline constexpr std::int64_t kOutputsTogether = 64;

/// Some of the outputs of a few rows.
struct FewRows {
  std::int64_t rows, in, out;
  std::int64_t first, end;  // blocks of kOutputsTogether outputs
  const float* x;           // [rows, in]
  const float* weights;     // per block [in, kOutputsTogether], padded with zeros
  const float* bias;        // [out] or null
  float* y;                 // [rows, out]
};

}  // namespace joule::cpu
