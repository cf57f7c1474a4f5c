// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/cuda/grad_weight/correlation.h"

namespace joule::cuda {

/// As CorrelationLoader, where each step lies within one tap: the channels are a multiple of
/// Tile::kDepth, and can be moved four at once.  A thread looks its pixels up once per tap, and in
/// between adds to addresses.
template <class Step>
class TapLoader {
 public:
  using Tile = Step;

  /// Starts at the term `first`, the first one of a step.
  __device__ TapLoader(const Correlation& c, std::int64_t first_pixel, int column, int first)
      : c_(c), column_(column + static_cast<int>(threadIdx.x) % (Tile::kColumns / 4) * 4) {
    for (int v = 0; v < Tile::kFoursA; ++v) {
      pixels_[v] = read_pixel(c, first_pixel + pixel_of(v));
    }
    term_.advance(first, c.w.taps, c.in_channels);
    begin_tap();
  }

  __device__ void load() {
#pragma unroll
    for (int v = 0; v < Tile::kFoursA; ++v) {
      in_[v] = inside_[v] ? Floats<4>::load(from_[v] + term_.channel) : Floats<4>{};
    }
    const bool exists = column_ < c_.packed_columns;
#pragma unroll
    for (int v = 0; v < Tile::kFoursB; ++v) {
      const float* const row = weights_ + std::int64_t{v} * kRowsBetween * c_.packed_columns;
      of_weights_[v] = exists ? Floats<4>::load(row) : Floats<4>{};
    }
    weights_ += std::int64_t{Tile::kDepth} * c_.packed_columns;
    term_.channel += Tile::kDepth;
    if (term_.channel < c_.in_channels) return;
    term_.channel = 0;
    if (++term_.b == c_.w.taps) term_.b = 0, ++term_.a;
    if (term_.a < c_.h.taps) begin_tap();
  }

  __device__ void store(typename Tile::Operands& operands, int side) const {
    for (int v = 0; v < Tile::kFoursA; ++v) {
      Tile::put_terms(operands.a[side], pixel_of(v), first_term(), in_[v]);
    }
    const int column = static_cast<int>(threadIdx.x) % (Tile::kColumns / 4) * 4;
    for (int v = 0; v < Tile::kFoursB; ++v) {
      Tile::put_lines(operands.b[side], column, first_row() + v * kRowsBetween, of_weights_[v]);
    }
  }

 private:
  /// Neighbouring threads load the terms of one pixel, four each.
  static constexpr int kNeighbours = Tile::kDepth / 4;
  static constexpr int kRowsBetween = Tile::kThreads / (Tile::kColumns / 4);

  __device__ static int first_term() { return static_cast<int>(threadIdx.x) % kNeighbours * 4; }
  __device__ static int pixel_of(int v) {
    return static_cast<int>(threadIdx.x) / kNeighbours + v * (Tile::kThreads / kNeighbours);
  }
  __device__ static int first_row() { return static_cast<int>(threadIdx.x) / (Tile::kColumns / 4); }
  /// Where the tap of the term is read, and its weights.
  __device__ void begin_tap() {
    for (int v = 0; v < Tile::kFoursA; ++v) {
      const std::int64_t at = read_offset(c_, pixels_[v], term_.a, term_.b);
      inside_[v] = at >= 0;
      from_[v] = c_.in + (at >= 0 ? at : 0) + first_term();
    }
    const std::int64_t row = weight_row(c_, term_.a, term_.b) + term_.channel + first_row();
    weights_ = c_.weights + row * c_.packed_columns + column_;
  }

  const Correlation& c_;
  const int column_;
  Term term_;
  ReadPixel pixels_[Tile::kFoursA];
  const float* from_[Tile::kFoursA];  // of channel 0
  bool inside_[Tile::kFoursA];        // of the image
  const float* weights_;
  Floats<4> in_[Tile::kFoursA], of_weights_[Tile::kFoursB];
};

}  // namespace joule::cuda
