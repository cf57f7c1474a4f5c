// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::cpu {

/// The epilogue of every CPU kernel that ends in a ReLU, on rows that are still in cache:
///   y = x + bias where that exceeds the threshold, else 0; its mask words; its smooth L0.
struct ReluRows {
  std::int64_t rows;
  std::int64_t channels;
  const float* x;            // [rows, channels]
  const float* bias;         // [channels] or null
  float* y;                  // [rows, channels]; may be x
  std::uint64_t* mask;       // [rows, ceil(channels/64)], see ZeroMask
  float sigma = 0;           // of the smooth L0
  double* l0_sum = nullptr;  // added to, or null
  float threshold = 0;
};

/// Returns the number of non-zeros of y.  Single-threaded; the order of summation depends on the
/// rows and the instruction set alone.
std::int64_t relu_rows(const ReluRows& args);

/// The gradient of ReluRows, on rows: see ops::ReluGrad.
struct ReluGradRows {
  std::int64_t rows;
  std::int64_t channels;
  const float* y;               // [rows, channels]; read only if grad_l0 != 0
  const std::uint64_t* y_mask;  // of y
  const float* grad_y;
  float* grad_x;  // may be grad_y
  std::uint64_t* grad_mask;
  float sigma = 0;
  float cutoff = 0;  // see SmoothL0
  float grad_l0 = 0;
};

/// Returns the number of non-zeros of grad_x.  Single-threaded.
std::int64_t relu_grad_rows(const ReluGradRows& args);

}  // namespace joule::cpu
