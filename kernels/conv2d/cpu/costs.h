// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "joule/core/context.h"

// The costs of the CPU implementations on a family of machines, fitted to measurements (benchmarks,
// `joule tune --shapes`), in cycles unless stated otherwise.  choice.cpp computes expected times
// from them.  Each family is one object.
namespace joule::cpu {

struct Costs {
  std::string_view family;
  /// Vector multiply-adds per cycle of a dense implementation.
  double dense_rate;

  /// cpu.skip_zero: in one visit, a pixel meets at most 64 input channels and eight vectors of
  /// output channels.  Each non-zero is broadcast and multiplied with each vector.
  struct SkipZero {
    double visit;
    double two_loads;
    /// In loads of a vector of weights; bf16 weights need half as many loads, and wait less.
    double broadcast, broadcast_bf16;
    constexpr double broadcast_time(Precision of_weights) const {
      return of_weights == Precision::bf16 ? broadcast_bf16 : broadcast;
    }
  } skip_zero;

  /// cpu.skip_unwanted, as a fraction of the dense time: for all elements, and for each wanted one.
  /// Both grow as its loops have fewer vectors.
  struct SkipUnwanted {
    double all, all_by_vectors;
    double wanted, wanted_by_vectors;
  } skip_unwanted;

  /// cpu.skip_zero_x and cpu.skip_zero_grad_y, per element of the sparse operand: starting and
  /// ending its list and packing the other operand; each non-zero is listed, and meets each vector
  /// once per tap.
  struct GradWeight {
    struct {
      double begun, part, packed, listed;
    } in_order;  // many non-zeros are listed faster than one by one
    struct {
      double begun, packed, listed;
    } one_by_one;
    struct {
      double begun, list;
    } one_tap;
    double tap, part, part_of_one_tap;
    /// Not worth it above this fraction of the dense time: the fit is not more accurate than
    /// that.
    double worth;
  } grad_weight;

  /// cpu.winograd and cpu.winograd_2x2.
  struct Winograd {
    /// Vector multiply-adds per cycle in the products.
    double rate;
    /// Per vector of channels of a tile, to transform it there or back; a partial vector costs
    /// `tail` more.
    struct Transforms {
      double vector, tail;
    } by_2x2, by_4x4;
    /// With fewer tiles than this, the products wait for the transformed weights.
    double least_tiles;
    /// As for the gradient of the weights.
    double worth;
    /// How much longer than Winograd a skipping row may take, because it rounds less.
    double over_skipping;
  } winograd;

  /// For nearly no non-zeros, per pixel of the output.
  struct VerySparse {
    /// cpu.skip_zero_runs: per word of 64 channels and per non-zero to make the run; its end, once
    /// per kernel row, is mispredicted; a non-zero meets weights that come from L2.
    double word, nonzero, end, met, met_bf16;
    /// cpu.skip_zero: a word ends in a branch; a visit loads and stores each vector of its sums.
    double branch, sums;
  } very_sparse;
};

/// With vectors of 16 (AVX-512), for 1x1, 3x3 and 5x5 layers of 16 to 512 channels.  Winograd's
/// were measured on a Zen 4, with its cycles scaled so that its dense rate equals this one.
inline constexpr Costs kZen5{
    .family = "AMD Zen 5",
    .dense_rate = 1.8,
    .skip_zero = {.visit = 27, .two_loads = 1.1, .broadcast = 1, .broadcast_bf16 = 0.75},
    .skip_unwanted = {.all = 0.1, .all_by_vectors = 1.5, .wanted = 1.15, .wanted_by_vectors = 12},
    .grad_weight = {.in_order = {.begun = 2.5, .part = 0.45, .packed = 18, .listed = 2},
                    .one_by_one = {.begun = 1.5, .packed = 10, .listed = 10},
                    .one_tap = {.begun = 0.8, .list = 45},
                    .tap = 0.5,
                    .part = 1.4,
                    .part_of_one_tap = 0.3,
                    .worth = 0.95},
    .winograd = {.rate = 1.8,
                 .by_2x2 = {.vector = 25, .tail = 85},
                 .by_4x4 = {.vector = 113, .tail = 140},
                 .least_tiles = 4,
                 .worth = 0.95,
                 .over_skipping = 1.5},
    .very_sparse = {.word = 10,
                    .nonzero = 8,
                    .end = 15,
                    .met = 1.4,
                    .met_bf16 = 1.09,
                    .branch = 10,
                    .sums = 2.5}};

/// The costs of this machine.  No other family has been fitted, so every machine is treated as a
/// Zen 5; where that is wrong, `joule tune` measures the real times.
constexpr const Costs& costs() { return kZen5; }

}  // namespace joule::cpu
