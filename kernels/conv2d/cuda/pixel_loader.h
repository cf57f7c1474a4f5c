// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/conv2d/cuda/grad_weight/grad_weight.h"

namespace joule::cuda {

/// Loads consecutive pixels of grad_y and of x into shared memory.  kByFour: four columns are
/// channels of the same tap, loaded at once.
template <class Tile, bool kByFour>
class PixelLoader {
 public:
  __device__ PixelLoader(const GradWeight& g, int first_filter, int first_column,
                         std::int64_t begin, std::int64_t end)
      : g_(g), pixel_(begin), end_(end) {
    const int thread = static_cast<int>(threadIdx.x);
    filter_ = first_filter + thread % (Tile::kRows / 4) * 4;
    column_ = first_column + thread % (Tile::kColumns / 4) * 4;
    for (int k = 0; k < kPlaces; ++k) columns_[k] = column_at(g, column_ + k);
    for (int v = 0; v < Tile::kFoursB; ++v) {
      places_[v] = pixel_at(g, begin + depth_b(v));
    }
  }

  __device__ void load() {
    for (int v = 0; v < Tile::kFoursA; ++v) {
      const std::int64_t pixel = pixel_ + depth_a(v);
      grad_y_[v] = pixel < end_ ? grad_y_at(pixel) : Floats<4>{};
    }
    for (int v = 0; v < Tile::kFoursB; ++v) {
      x_[v] = pixel_ + depth_b(v) < end_ ? x_of(places_[v]) : Floats<4>{};
      places_[v].advance(Tile::kDepth, g_);
    }
    pixel_ += Tile::kDepth;
  }

  __device__ void store(typename Tile::Operands& operands, int side) const {
    const int thread = static_cast<int>(threadIdx.x);
    for (int v = 0; v < Tile::kFoursA; ++v) {
      Tile::put_lines(operands.a[side], thread % (Tile::kRows / 4) * 4, depth_a(v), grad_y_[v]);
    }
    for (int v = 0; v < Tile::kFoursB; ++v) {
      Tile::put_lines(operands.b[side], thread % (Tile::kColumns / 4) * 4, depth_b(v), x_[v]);
    }
  }

 private:
  static constexpr int kPlaces = kByFour ? 1 : 4;

  __device__ static int depth_a(int v) {
    return (static_cast<int>(threadIdx.x) + v * Tile::kThreads) / (Tile::kRows / 4);
  }
  __device__ static int depth_b(int v) {
    return (static_cast<int>(threadIdx.x) + v * Tile::kThreads) / (Tile::kColumns / 4);
  }
  __device__ Floats<4> grad_y_at(std::int64_t pixel) const {
    const float* const from = g_.grad_y + pixel * g_.out_channels + filter_;
    if (g_.grad_y_by_four) {
      return filter_ < g_.out_channels ? Floats<4>::load(from) : Floats<4>{};
    }
    Floats<4> value{};
    for (int k = 0; k < 4; ++k) {
      if (filter_ + k < g_.out_channels) value.at[k] = from[k];
    }
    return value;
  }
  __device__ Floats<4> x_of(const Pixel& place) const {
    Floats<4> value{};
    if constexpr (kByFour) {
      const float* const from = column_ < g_.columns ? x_at(g_, place, columns_[0]) : nullptr;
      if (from) value = Floats<4>::load(from);
    } else {
      for (int k = 0; k < 4; ++k) {
        const float* const from = column_ + k < g_.columns ? x_at(g_, place, columns_[k]) : nullptr;
        if (from) value.at[k] = *from;
      }
    }
    return value;
  }

  const GradWeight& g_;
  std::int64_t pixel_, end_;
  int filter_, column_;
  Column columns_[kPlaces];
  Pixel places_[Tile::kFoursB];
  Floats<4> grad_y_[Tile::kFoursA], x_[Tile::kFoursB];
};

}  // namespace joule::cuda
