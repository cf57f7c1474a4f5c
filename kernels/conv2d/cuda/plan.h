// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "joule/core/context.h"

// How the CUDA rows that skip zeros divide their work, and how long they are expected to take.
// Includes nothing of CUDA, because the operation's table calls it.
namespace joule::cuda {

/// How many adjacent channels of the output each lane of a warp sums.
constexpr int columns_each(std::int64_t channels) {
  const std::int64_t last = channels % 128;
  return channels <= 32 ? 1 : last > 0 && last <= 64 ? 2 : 4;
}

// Expected times, in cycles of a multiprocessor of an H200 (132 of them at 1.98 GHz, 4.8 TB/s).
// They are derived from its rates and from the instructions that nvcc 13 emits for sm_90, counted
// in the machine code.  None of it has been measured.  Per cycle, it issues four warp instructions
// of at most 32 multiply-adds each, and moves 18 bytes of device memory and some 24 of L2.
inline constexpr double kIssued = 4, kMemoryBytes = 18, kL2Bytes = 24;

/// The products of one element with `columns` others, at four fifths of the peak of f32 or seven
/// tenths of the peak of the tensor cores.
constexpr double dense_cycles(std::int64_t columns, Precision precision) {
  const double each_cycle = precision == Precision::f32    ? 0.8 * 128
                            : precision == Precision::tf32 ? 0.7 * 1024
                                                           : 0.7 * 2048;
  return static_cast<double>(columns) / each_cycle;
}

/// The same by cuda.implicit_gemm_8x8, at four fifths of the peak, in tiles of 32, 64 or 128
/// columns.
constexpr double implicit_gemm_cycles(std::int64_t columns) {
  const std::int64_t each = 32 * columns_each(columns);
  return static_cast<double>((columns + each - 1) / each * each) / (0.8 * 128);
}

/// The same by three products of TF32, in tiles of 64 columns.  A warp issues 544 instructions for
/// 64 x 32 sums of 16 terms; of that rate four fifths.
constexpr double three_products_cycles(std::int64_t columns) {
  const double each_cycle = 0.8 * kIssued * 64 * 32 * 16 / 544;
  return static_cast<double>((columns + 63) / 64 * 64) / each_cycle;
}

/// The same by SparseTile.  For 16 elements, a warp spends 13 instructions to look them up, and 18
/// more if there is a non-zero; then, for each four with a non-zero, 3 and all their multiply-adds.
inline double skip_zero_cycles(std::int64_t columns, double density) {
  const int each = columns_each(columns);
  const auto one_of = [density](int n) { return 1 - std::pow(1 - density, n); };
  const double instructions = 13 + 18 * one_of(16) + 4 * one_of(4) * (3 + 4 * each);
  return std::ceil(static_cast<double>(columns) / (32 * each)) * instructions / (16 * kIssued);
}

/// A convolution, or the gradient of its input; times are per pixel of the output.
struct PixelTimes {
  double terms;      // per sum
  double tap_rows;   // rows of the kernel that read the image
  double in;         // input values per pixel of the output
  std::int64_t out;  // channels of the output
  double density;    // of the input

  double memory() const { return 4 * (in + static_cast<double>(out)) / kMemoryBytes; }
  double dense(Precision precision) const {
    return std::max(terms * dense_cycles(out, precision), memory());
  }
  double skip_zero() const { return std::max(terms * skip_zero_cycles(out, density), memory()); }

  /// By cuda.skip_zero_lists.  Each block of columns processes the runs, at 40 instructions each,
  /// and their non-zeros, each at one cycle of shared memory per 128 bytes of weights and one of L1
  /// for itself.  Weights that do not fit into shared memory come from L2 again every 256 pixels.
  /// Before that, the input is read and its non-zeros are written.
  double lists() const {
    constexpr double kFit = 1776, kPixels = 256;  // rows of weights of 32 columns, in 222 KiB
    int each = columns_each(out);
    if (each == 4 && terms > kFit / 4 && terms <= kFit / 2) each = 2;
    const double runs = std::max(tap_rows, terms * each / kFit);
    double cycles = runs * 40 / kIssued + density * terms * (each + 1);
    if (terms * each > kFit) cycles += terms * each * 128 / kL2Bytes / kPixels;
    const double blocks = std::ceil(static_cast<double>(out) / (32 * each));
    return blocks * cycles + memory() + 8 * density * in / kMemoryBytes;
  }
};

}  // namespace joule::cuda
