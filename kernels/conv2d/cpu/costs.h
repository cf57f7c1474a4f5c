// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "joule/core/context.h"

// What the implementations for the CPU cost on a family of machines, fitted to measurements
// (benchmarks, `joule tune --shapes`): cycles, unless another unit stands there.  choice.cpp makes
// expected times of them.  Another family is another object.
namespace joule::cpu {

struct Costs {
  std::string_view family;
  /// Multiply-adds of vectors that a dense implementation executes in a cycle.
  double dense_rate;

  /// cpu.skip_zero: a visit of a pixel meets at most 64 input channels and eight vectors of output
  /// channels.  A non-zero is broadcast, and meets each vector.
  struct SkipZero {
    double visit;
    double two_loads;
    /// In loads of a vector of weights; of bf16 weights there are half as many, and less waits.
    double broadcast, broadcast_bf16;
    constexpr double broadcast_time(Precision of_weights) const {
      return of_weights == Precision::bf16 ? broadcast_bf16 : broadcast;
    }
  } skip_zero;

  /// cpu.skip_unwanted, the dense time being 1: of all elements, and of each that is wanted; both
  /// the more, the fewer vectors its loops have.
  struct SkipUnwanted {
    double all, all_by_vectors;
    double wanted, wanted_by_vectors;
  } skip_unwanted;

  /// cpu.skip_zero_x and cpu.skip_zero_grad_y, per element of the operand that is skipped by: its
  /// list is begun and ended and the other operand packed; each non-zero is listed, and meets each
  /// vector once per tap.
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
    /// Shares of the dense time from which on it is not worth it: what is fitted is known no
    /// better.
    double worth;
  } grad_weight;

  /// cpu.winograd and cpu.winograd_2x2.
  struct Winograd {
    /// Multiply-adds of vectors that their products execute in a cycle.
    double rate;
    /// Of each vector of channels of a tile, to transform it there or back; of one that is not full
    /// `tail` more.
    struct Transforms {
      double vector, tail;
    } by_2x2, by_4x4;
    /// Tiles below which the products wait for the transformed weights.
    double least_tiles;
    /// As of the gradient of the weights.
    double worth;
    /// How much longer than it what skips zeros may take, which rounds less.
    double over_skipping;
  } winograd;

  /// With nearly no non-zeros, per pixel of the output.
  struct VerySparse {
    /// cpu.skip_zero_runs: of a word of 64 channels and of a non-zero the run is made; its end, one
    /// of each row of the kernel, cannot be foreseen; a non-zero meets weights that come from L2.
    double word, nonzero, end, met, met_bf16;
    /// cpu.skip_zero: a word ends in a branch; a visit loads and stores each vector of its sums.
    double branch, sums;
  } very_sparse;
};

/// With vectors of 16 (AVX-512), of 1x1, 3x3 and 5x5 layers of 16 to 512 channels.  Winograd's were
/// measured on a Zen 4, whose cycles are scaled so that its dense rate is this one.
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

/// Of the machine that this runs on.  No other family has been fitted: all are taken for Zen 5, and
/// `joule tune` measures what holds where that is wrong.
constexpr const Costs& costs() { return kZen5; }

}  // namespace joule::cpu
