// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/cuda/grad_weight/correlation.h"

namespace joule::cuda {

/// Loads a tile's steps into shared memory: consecutive terms of kRows pixels, and their rows
/// of weights.  kByFour: loads four channels of a pixel at once.
template <class Step, bool kByFour>
class CorrelationLoader {
 public:
  using Tile = Step;

  /// Starts at the term `first`.
  __device__ CorrelationLoader(const Correlation& c, std::int64_t first_pixel, int column,
                               int first)
      : c_(c), taps_w_(c.w.taps) {
    for (int v = 0; v < Tile::kFoursA; ++v) {
      pixels_[v] = read_pixel(c, first_pixel + pixel_of(v));
    }
    term_.advance(first + first_term(), taps_w_, c.in_channels);
    for (int v = 0; v < Tile::kFoursB; ++v) {
      weight_terms_[v].advance(first + row_of(v), taps_w_, c.in_channels);
    }
    column_ = column + static_cast<int>(threadIdx.x) % (Tile::kColumns / 4) * 4;
  }

  __device__ void load() {
    Term term = term_;
    if constexpr (kByFour) {
      for (int v = 0; v < Tile::kFoursA; ++v) {
        const std::int64_t from = offset(v, term);
        in_[v] = from < 0 ? Floats<4>{} : Floats<4>::load(c_.in + from);
      }
    } else {
      for (int k = 0; k < 4; ++k) {
        for (int v = 0; v < Tile::kFoursA; ++v) {
          const std::int64_t from = offset(v, term);
          in_[v].at[k] = from < 0 ? 0 : c_.in[from];
        }
        term.advance(1, taps_w_, c_.in_channels);
      }
    }
    term_.advance(Tile::kDepth, taps_w_, c_.in_channels);
    for (int v = 0; v < Tile::kFoursB; ++v) {
      Term& t = weight_terms_[v];
      const bool exists = t.a < c_.h.taps && column_ < c_.packed_columns;
      const std::int64_t row = exists ? weight_row(c_, t.a, t.b) + t.channel : 0;
      weights_[v] =
          exists ? Floats<4>::load(c_.weights + row * c_.packed_columns + column_) : Floats<4>{};
      t.advance(Tile::kDepth, taps_w_, c_.in_channels);
    }
  }

  __device__ void store(typename Tile::Operands& operands, int side) const {
    for (int v = 0; v < Tile::kFoursA; ++v) {
      Tile::put_terms(operands.a[side], pixel_of(v), first_term(), in_[v]);
    }
    const int column = static_cast<int>(threadIdx.x) % (Tile::kColumns / 4) * 4;
    for (int v = 0; v < Tile::kFoursB; ++v) {
      Tile::put_lines(operands.b[side], column, row_of(v), weights_[v]);
    }
  }

 private:
  /// Neighbouring threads load the terms of one pixel, four each.
  static constexpr int kNeighbours = Tile::kDepth / 4;
  __device__ static int first_term() { return static_cast<int>(threadIdx.x) % kNeighbours * 4; }
  __device__ static int pixel_of(int v) {
    return (static_cast<int>(threadIdx.x) + v * Tile::kThreads) / kNeighbours;
  }
  __device__ static int row_of(int v) {
    return (static_cast<int>(threadIdx.x) + v * Tile::kThreads) / (Tile::kColumns / 4);
  }
  __device__ std::int64_t offset(int v, const Term& term) const {
    if (term.a >= c_.h.taps) return -1;
    const std::int64_t first = read_offset(c_, pixels_[v], term.a, term.b);
    return first < 0 ? -1 : first + term.channel;
  }

  const Correlation& c_;
  const int taps_w_;
  ReadPixel pixels_[Tile::kFoursA];
  Term term_, weight_terms_[Tile::kFoursB];
  int column_;
  Floats<4> in_[Tile::kFoursA], weights_[Tile::kFoursB];
};

}  // namespace joule::cuda
