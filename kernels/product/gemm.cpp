// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "joule/kernels/product/gemm.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include "joule/kernels/product/gemm.h"

#include <algorithm>
#include <cstring>

#include "joule/core/backend/memory.h"
#include "joule/core/threads.h"

HWY_BEFORE_NAMESPACE();
namespace joule::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Vectors = hn::ScalableTag<float>;
constexpr std::int64_t kLanes = hn::MaxLanes(Vectors());

// A tile of the result, kRows x kColumns, is accumulated in registers: of 32 with AVX-512, of 16
// elsewhere, two hold the row of b and one the element of a.
constexpr std::int64_t kRows = HWY_TARGET <= HWY_AVX3 ? 12 : 6;
constexpr std::int64_t kColumns = 2 * kLanes;
// k is cut into blocks of which a panel of a and one of b fit the first-level cache,
constexpr std::int64_t kDepth = 384;
// and so many panels of b the second-level cache.
constexpr std::int64_t kPanels = 8;
// A panel of a with k contiguous: rows off the multiples of 4096 bytes, which share cache sets.
constexpr std::int64_t kRowStride = kDepth + 16;
constexpr std::int64_t kPanelA = kRows * kRowStride;
constexpr std::int64_t kPanelB = kDepth * kColumns;

// out[l * kColumns + j] = b(l, j), zero beyond `columns`.
void pack_b(const Strided& b, std::int64_t depth, std::int64_t columns, float* out) {
  const Vectors d;
  if (columns < kColumns) std::fill_n(out, depth * kColumns, 0.0f);
  if (b.column == 1) {
    for (std::int64_t l = 0; l < depth; ++l) {
      const float* const source = b.data + l * b.row;
      float* const row = out + l * kColumns;
      if (columns == kColumns) {
        hn::Store(hn::LoadU(d, source), d, row);
        hn::Store(hn::LoadU(d, source + kLanes), d, row + kLanes);
      } else {
        std::copy_n(source, columns, row);
      }
    }
    return;
  }
  // k is contiguous: transposes four columns of b at a time.
  std::int64_t j = 0;
  for (; j + 4 <= columns; j += 4) {
    const float* const source = b.data + j * b.column;
    std::int64_t l = 0;
    for (; l + kLanes <= depth; l += kLanes) {
      HWY_ALIGN float quads[4 * kLanes];
      hn::StoreInterleaved4(hn::LoadU(d, source + l), hn::LoadU(d, source + b.column + l),
                            hn::LoadU(d, source + 2 * b.column + l),
                            hn::LoadU(d, source + 3 * b.column + l), d, quads);
      for (std::int64_t i = 0; i < kLanes; ++i) {
        std::memcpy(out + (l + i) * kColumns + j, quads + 4 * i, 4 * sizeof(float));
      }
    }
    for (; l < depth; ++l) {
      for (int i = 0; i < 4; ++i) out[l * kColumns + j + i] = source[i * b.column + l];
    }
  }
  for (; j < columns; ++j) {
    for (std::int64_t l = 0; l < depth; ++l) {
      out[l * kColumns + j] = b.data[j * b.column + l];
    }
  }
}

// Copies `rows` rows of a in the order in which they lie: no transposition.  What is beyond `rows`
// is zero.
void pack_a(const Strided& a, std::int64_t rows, std::int64_t depth, float* out) {
  if (rows < kRows) std::fill_n(out, kPanelA, 0.0f);
  if (a.column == 1) {
    for (std::int64_t i = 0; i < rows; ++i) {
      std::copy_n(a.data + i * a.row, depth, out + i * kRowStride);
    }
  } else {
    for (std::int64_t l = 0; l < depth; ++l) {
      std::copy_n(a.data + l * a.column, rows, out + l * kRows);
    }
  }
}

// out[kRows][kColumns] = sum over l < depth of a(i, l) * b(l, j), both packed.
template <std::int64_t kRow, std::int64_t kColumn>
void multiply_tile(std::int64_t depth, const float* HWY_RESTRICT a, const float* HWY_RESTRICT b,
                   float* HWY_RESTRICT out) {
  const Vectors d;
  hn::Vec<Vectors> sums[kRows][2];
  for (auto& sum : sums) sum[0] = sum[1] = hn::Zero(d);
  for (std::int64_t l = 0; l < depth; ++l) {
    const auto b0 = hn::Load(d, b + l * kColumns), b1 = hn::Load(d, b + l * kColumns + kLanes);
#pragma GCC unroll 12
    for (std::int64_t i = 0; i < kRows; ++i) {
      const auto factor = hn::Set(d, a[i * kRow + l * kColumn]);
      sums[i][0] = hn::MulAdd(factor, b0, sums[i][0]);
      sums[i][1] = hn::MulAdd(factor, b1, sums[i][1]);
    }
  }
#pragma GCC unroll 12
  for (std::int64_t i = 0; i < kRows; ++i) {
    hn::Store(sums[i][0], d, out + i * kColumns);
    hn::Store(sums[i][1], d, out + i * kColumns + kLanes);
  }
}

// Rows [row0, row1) and columns [column0, column1) of the result.  `scratch` has kScratch floats.
constexpr std::int64_t kScratch = kPanels * kPanelB + kPanelA;

void gemm_part(const Gemm& g, std::int64_t row0, std::int64_t row1, std::int64_t column0,
               std::int64_t column1, float* scratch) {
  float* const b = scratch;
  float* const a = scratch + kPanels * kPanelB;
  for (std::int64_t j0 = column0; j0 < column1; j0 += kPanels * kColumns) {
    const std::int64_t j1 = std::min(j0 + kPanels * kColumns, column1);
    for (std::int64_t l = 0; l < std::max<std::int64_t>(1, g.k); l += kDepth) {
      const std::int64_t depth = std::min(kDepth, g.k - l);
      for (std::int64_t j = j0; j < j1; j += kColumns) {
        pack_b({g.b.data + l * g.b.row + j * g.b.column, g.b.row, g.b.column}, depth,
               std::min(kColumns, j1 - j), b + (j - j0) * kDepth);
      }
      for (std::int64_t i = row0; i < row1; i += kRows) {
        const std::int64_t rows = std::min(kRows, row1 - i);
        pack_a({g.a.data + i * g.a.row + l * g.a.column, g.a.row, g.a.column}, rows, depth, a);
        for (std::int64_t j = j0; j < j1; j += kColumns) {
          HWY_ALIGN float tile[kRows * kColumns];
          const auto multiply =
              g.a.column == 1 ? multiply_tile<kRowStride, 1> : multiply_tile<1, kRows>;
          multiply(depth, a, b + (j - j0) * kDepth, tile);
          const std::int64_t columns = std::min(kColumns, j1 - j);
          for (std::int64_t r = 0; r < rows; ++r) {
            float* const c = g.c + (i + r) * g.n + j;
            const float* const before = l > 0 ? c : g.bias ? g.bias + j : nullptr;
            for (std::int64_t s = 0; s < columns; ++s) {
              c[s] = (before ? before[s] : 0.0f) + tile[r * kColumns + s];
            }
          }
        }
      }
    }
  }
}

// By columns, each thread packs only its part of b; by rows, all of it.
void GemmTarget(const Gemm& g) {
  const std::int64_t row_tiles = (g.m + kRows - 1) / kRows;
  const std::int64_t column_tiles = (g.n + kColumns - 1) / kColumns;
  const bool by_columns = column_tiles >= std::min<std::int64_t>(2 * num_threads(), row_tiles);
  const std::int64_t tiles = by_columns ? column_tiles : row_tiles;
  const std::int64_t tile_macs = g.m * g.n * g.k / std::max<std::int64_t>(1, tiles);
  parallel_for(tiles, 1 + 100000 / (1 + tile_macs), [&](std::int64_t begin, std::int64_t end) {
    const Storage scratch(kScratch * sizeof(float), Device::cpu);
    float* const memory = reinterpret_cast<float*>(scratch.data());
    if (by_columns) {
      gemm_part(g, 0, g.m, begin * kColumns, std::min(end * kColumns, g.n), memory);
    } else {
      gemm_part(g, begin * kRows, std::min(end * kRows, g.m), 0, g.n, memory);
    }
  });
}

}  // namespace joule::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule::cpu {
HWY_EXPORT(GemmTarget);
void gemm(const Gemm& args) { HWY_DYNAMIC_DISPATCH(GemmTarget)(args); }
}  // namespace joule::cpu
#endif
