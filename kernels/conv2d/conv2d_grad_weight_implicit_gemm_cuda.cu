// SPDX-License-Identifier: MIT
#include "core/cuda/launch_cuda.h"
#include "kernels/conv2d/conv2d_cuda.h"
#include "kernels/conv2d/conv2d_gemm_tile_cuda.h"
#include "kernels/conv2d/conv2d_grad_weight_cuda.h"

// The gradient of the weights as a product of matrices: a row for each filter, a column for each
// tap and channel, summed over the pixels of grad_y.  These are many and the sums few, so pieces of
// the pixels are summed by different blocks, and the pieces then added in order.
namespace joule::cuda {
namespace {

/// Brings eight consecutive pixels of grad_y and of x into shared memory.  kByFour: four columns
/// are channels of one tap, one load.
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

  __device__ void store(typename Tile::Shared& shared, int side) const {
    const int thread = static_cast<int>(threadIdx.x);
    for (int v = 0; v < Tile::kFoursA; ++v) {
      grad_y_[v].store(&shared.a[side][depth_a(v)][thread % (Tile::kRows / 4) * 4]);
    }
    for (int v = 0; v < Tile::kFoursB; ++v) {
      x_[v].store(&shared.b[side][depth_b(v)][thread % (Tile::kColumns / 4) * 4]);
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

/// One block per piece of the pixels and tile of kRows filters and kColumns weights of each; those
/// of a piece are neighbours, so that they find its pixels in L2.  Shared memory: see GemmTile.
/// Bound: the device's f32 multiply-adds.
template <int kRows, int kColumns, bool kByFour>
__global__ void __launch_bounds__(GemmTile<kRows, kColumns>::kThreads,
                                  GemmTile<kRows, kColumns>::kBlocks)
    sum_products(const GradWeight g) {
  using Tile = GemmTile<kRows, kColumns>;
  __shared__ typename Tile::Shared shared;
  const unsigned row_tiles = static_cast<unsigned>(g.out_channels + kRows - 1) / kRows;
  const unsigned column_tiles = static_cast<unsigned>(g.columns + kColumns - 1) / kColumns;
  const int first_column = static_cast<int>(blockIdx.x % column_tiles) * kColumns;
  const int first_row = static_cast<int>(blockIdx.x / column_tiles % row_tiles) * kRows;
  const std::int64_t piece = blockIdx.x / column_tiles / row_tiles;
  const std::int64_t begin = piece_begin(g.pixels, g.piece_count, piece);
  const std::int64_t end = piece_begin(g.pixels, g.piece_count, piece + 1);
  PixelLoader<Tile, kByFour> loader(g, first_row, first_column, begin, end);
  Tile tile;
  tile.run(shared, static_cast<int>((end - begin + Tile::kDepth - 1) / Tile::kDepth), loader);
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int o = first_row + Tile::row(i);
    if (o >= g.out_channels) continue;
    for (int half = 0; half < 2; ++half) {
      const int column = first_column + Tile::column(half * 4);
      float* const to = g.pieces + (piece * g.out_channels + o) * g.columns + column;
      Floats<4> value;
      for (int k = 0; k < 4; ++k) value.at[k] = tile.sums[i][half * 4 + k];
      if (g.pieces_by_four && column < g.columns) {
        value.store(to);
      } else {
        for (int k = 0; k < 4 && column + k < g.columns; ++k) to[k] = value.at[k];
      }
    }
  }
}

template <int kRows, int kColumns>
void launch_tiles(GradWeight g, const Tensor& grad_weight) {
  const std::int64_t tiles =
      std::int64_t{(g.out_channels + kRows - 1) / kRows} * ((g.columns + kColumns - 1) / kColumns);
  const GradWeightPieces pieces(g, tiles, grad_weight);
  const Grid grid{.blocks = dim3(static_cast<unsigned>(tiles * g.piece_count)),
                  .threads = dim3(GemmTile<kRows, kColumns>::kThreads)};
  launch(g.x_by_four ? sum_products<kRows, kColumns, true> : sum_products<kRows, kColumns, false>,
         grid, g);
  pieces.add();
}

}  // namespace

void conv2d_grad_weight_implicit_gemm(const Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const GradWeight g(s, op.x, op.grad_y);
  if (s.out_channels <= 64) {
    g.columns <= 64 ? launch_tiles<64, 64>(g, op.grad_weight)
                    : launch_tiles<64, 128>(g, op.grad_weight);
  } else {
    g.columns <= 64 ? launch_tiles<128, 64>(g, op.grad_weight)
                    : launch_tiles<128, 128>(g, op.grad_weight);
  }
  grad_bias(op.grad_y, op.grad_bias);
  tally_zeros_of_x(tally, s, op.x);
}

}  // namespace joule::cuda
