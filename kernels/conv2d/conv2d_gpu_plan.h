// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "core/context.h"

// How the CUDA rows that skip zeros divide their work, and how long they are expected to take.
// Includes nothing of CUDA: the table of the operation asks.
namespace joule::cuda {

/// How many of the channels of the output, 32 apart from one lane of a warp to all, a lane sums.
constexpr int columns_each(std::int64_t channels) {
  const std::int64_t last = channels % 128;
  return channels <= 32 ? 1 : last > 0 && last <= 64 ? 2 : 4;
}

// Expected times, in cycles of a multiprocessor of an H200 (132 of them at 1.98 GHz, 4.8 TB/s).
// They are derived from its rates and from the instructions that nvcc 13 makes for sm_90, counted
// in the machine code; NOTHING of it has been measured.  A cycle issues four instructions of a
// warp, each 32 multiply-adds at most, and moves 18 bytes of device memory and some 24 of L2.
inline constexpr double kIssued = 4, kMemoryBytes = 18, kL2Bytes = 24;

/// `columns` products of one element, multiplied whatever it is: four fifths of the peak of f32,
/// seven tenths of that of the tensor cores.
constexpr double dense_cycles(double columns, Precision precision) {
  const double each_cycle = precision == Precision::f32    ? 0.8 * 128
                            : precision == Precision::tf32 ? 0.7 * 1024
                                                           : 0.7 * 2048;
  return columns / each_cycle;
}

/// The same by SparseTile.  A warp spends on 16 elements 13 instructions to look them up and 18 if
/// there is a non-zero; then on each four in which there is one 3, and all their multiply-adds.
inline double skip_zero_cycles(double columns, double density) {
  const double each = columns_each(static_cast<std::int64_t>(columns));
  const auto one_of = [density](int n) { return 1 - std::pow(1 - density, n); };
  const double instructions = 13 + 18 * one_of(16) + 4 * one_of(4) * (3 + 4 * each);
  return std::ceil(columns / (32 * each)) * instructions / (16 * kIssued);
}

/// A convolution, or the gradient of its input, seen from a pixel of the output.
struct PixelTimes {
  double terms;     // of each of its sums
  double tap_rows;  // of the kernel that it meets
  double in, out;   // values for a pixel: channels of the output, and of the input as many as
                    // there are pixels of it for one of the output
  double density;   // of the input

  double memory() const { return 4 * (in + out) / kMemoryBytes; }
  double dense(Precision precision) const {
    return std::max(terms * dense_cycles(out, precision), memory());
  }
  double skip_zero() const { return std::max(terms * skip_zero_cycles(out, density), memory()); }

  /// cuda.skip_zero_lists: the non-zeros are listed (read, written, and the results written), and
  /// for each block of columns there are the runs, 40 instructions each, and their non-zeros, which
  /// take a cycle of shared memory for each 128 bytes of weights and one of L1 for themselves.
  /// What does not fit shared memory comes from L2 again for each 256 pixels.
  double lists() const {
    constexpr double kFit = 1816, kPixels = 256;  // rows of weights of 32 columns, in 227 KiB
    double each = columns_each(static_cast<std::int64_t>(out));
    if (each == 4 && terms > kFit / 4 && terms <= kFit / 2) each = 2;
    const double runs = std::max(tap_rows, terms * each / kFit), columns = 32 * each;
    double cycles = runs * 40 / kIssued + density * terms * (each + 1);
    if (terms > kFit / each) cycles += terms * columns * 4 / kL2Bytes / kPixels;
    return std::ceil(out / columns) * cycles + memory() + 8 * density * in / kMemoryBytes;
  }
};

}  // namespace joule::cuda
