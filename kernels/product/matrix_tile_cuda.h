// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/product/gemm_tile_cuda.h"

namespace joule::cuda {

/// 64 lines of a matrix in memory, starting at `first`: the rows of a, or the columns of b.
struct Lines {
  const float* data;
  std::int64_t first;
  std::int64_t count;   // of all lines
  std::int64_t length;  // of a line: k
  std::int64_t stride;  // between lines if kAlongK, otherwise between one k and the next
};

/// Loads tiles of a matrix whose elements are contiguous along k if kAlongK, otherwise across the
/// lines.  kFour: that side is a multiple of 4 and aligned, so that no group of four lies partly
/// outside.
template <bool kAlongK, bool kFour>
struct MatrixTile : GemmQuad<kAlongK> {
  Lines lines;

  __device__ explicit MatrixTile(const Lines& all) : lines(all) {}

  __device__ void load(std::int64_t k, GemmTile64::Quads& quads) const {
    for (int q = 0; q < GemmTile64::kQuads; ++q) {
      quads[q] = quad(lines.first + this->row(q), k + this->depth(q));
    }
  }

 private:
  __device__ Floats<4> quad(std::int64_t line, std::int64_t k) const {
    const std::int64_t across = kAlongK ? line : k, along = kAlongK ? k : line;
    const std::int64_t left = (kAlongK ? lines.length : lines.count) - along;
    Floats<4> four{};
    if (left <= 0 || across >= (kAlongK ? lines.count : lines.length)) return four;
    const float* const from = lines.data + across * lines.stride + along;
    if constexpr (kFour) {
      four = Floats<4>::load(from);
    } else {
      for (int i = 0; i < 4; ++i) four.at[i] = i < left ? from[i] : 0;
    }
    return four;
  }
};

}  // namespace joule::cuda
