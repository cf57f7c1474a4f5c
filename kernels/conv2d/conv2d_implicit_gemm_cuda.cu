// SPDX-License-Identifier: MIT
#include "kernels/conv2d/conv2d_gemm_tile_cuda.h"
#include "kernels/conv2d/conv2d_tiles_cuda.h"

// The convolution as a product of matrices of which the first, [pixels, taps * channels], is never
// made: its elements are looked up in the image when a tile is loaded (Chetlur et al. 2014,
// arXiv:1410.0759).
namespace joule::cuda {
namespace {

/// Brings a tile's steps into shared memory: eight consecutive terms, transposed for kRows pixels,
/// and their rows of weights.  kByFour: four channels of a pixel are one load.
template <class Tile, bool kByFour>
class CorrelationLoader {
 public:
  __device__ CorrelationLoader(const Correlation& c, std::int64_t first_pixel, int column)
      : c_(c), taps_w_(c.w.taps) {
    const int thread = static_cast<int>(threadIdx.x);
    for (int v = 0; v < Tile::kFoursA; ++v) {
      pixels_[v] = read_pixel(c, first_pixel + pixel_of(v));
    }
    term_.advance(thread % 2 * 4, taps_w_, c.in_channels);
    for (int v = 0; v < Tile::kFoursB; ++v) {
      weight_terms_[v].advance(row_of(v), taps_w_, c.in_channels);
    }
    column_ = column + thread % (Tile::kColumns / 4) * 4;
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

  __device__ void store(typename Tile::Shared& shared, int side) const {
    const int thread = static_cast<int>(threadIdx.x);
    for (int v = 0; v < Tile::kFoursA; ++v) {
      for (int k = 0; k < 4; ++k) {
        shared.a[side][thread % 2 * 4 + k][pixel_of(v)] = in_[v].at[k];
      }
    }
    for (int v = 0; v < Tile::kFoursB; ++v) {
      weights_[v].store(&shared.b[side][row_of(v)][thread % (Tile::kColumns / 4) * 4]);
    }
  }

 private:
  /// Two neighbours load the eight terms of a pixel.
  __device__ static int pixel_of(int v) {
    return (static_cast<int>(threadIdx.x) + v * Tile::kThreads) / 2;
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

/// Stores the tile, and with a ReLU its mask: the bits of 16 channels come from four neighbours.
template <class Tile>
__device__ void store_tile(const Correlation& c, Tile& tile, std::int64_t first_pixel,
                           int first_column) {
  typename Epilogue::Totals totals;
  const unsigned shift = threadIdx.x % 4 * 4;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const std::int64_t pixel = first_pixel + Tile::row(i);
    const bool exists = pixel < c.pixels;
    const std::int64_t at = exists ? written_pixel(c, pixel) : 0;
    unsigned bits = 0;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int column = first_column + Tile::column(half * 4);
      const int inside = exists ? min(c.out_channels - column, 4) : 0;
      if (inside <= 0) continue;
      Floats<4> value;
      for (int k = 0; k < 4; ++k) value.at[k] = tile.sums[i][half * 4 + k];
      bits |= c.epilogue.apply(value, column, inside, totals) << (half * 16 + shift);
      float* const to = c.out + at * c.out_channels + column;
      if (c.out_by_four) {
        value.store(to);
      } else {
        for (int k = 0; k < inside; ++k) to[k] = value.at[k];
      }
    }
    if (!c.epilogue.relu) continue;
    bits |= __shfl_xor_sync(kWholeWarp, bits, 1);
    bits |= __shfl_xor_sync(kWholeWarp, bits, 2);
    if (!exists || threadIdx.x % 4 != 0) continue;
    for (int half = 0; half < 2; ++half) {
      c.epilogue.write_mask(at, first_column + Tile::column(half * 4), bits >> (half * 16));
    }
  }
  c.epilogue.add(totals);
}

/// One block per tile of kRows pixels and kColumns channels of the result; blocks of the same
/// pixels are neighbours, so that the second finds them in L2.  Shared memory: see GemmTile.
/// Bound: the device's f32 multiply-adds.
template <int kRows, int kColumns, bool kByFour>
__global__ void __launch_bounds__(GemmTile<kRows, kColumns>::kThreads,
                                  GemmTile<kRows, kColumns>::kBlocks)
    correlate(const Correlation c) {
  using Tile = GemmTile<kRows, kColumns>;
  __shared__ typename Tile::Shared shared;
  const auto column_tiles = static_cast<unsigned>((c.out_channels + kColumns - 1) / kColumns);
  const std::int64_t first_pixel = std::int64_t{blockIdx.x / column_tiles} * kRows;
  const int first_column = static_cast<int>(blockIdx.x % column_tiles) * kColumns;
  CorrelationLoader<Tile, kByFour> loader(c, first_pixel, first_column);
  Tile tile;
  const int terms = c.in_channels * c.h.taps * c.w.taps;
  tile.run(shared, (terms + Tile::kDepth - 1) / Tile::kDepth, loader);
  store_tile(c, tile, first_pixel, first_column);
}

struct ImplicitGemm {
  static constexpr int kPixels = 128;

  /// As many as are needed, or so many that the last tile is full.
  static int tile_columns(int channels) {
    const int last = channels % 128;
    return channels <= 32 ? 32 : last > 0 && last <= 64 ? 64 : 128;
  }
  static unsigned threads(int columns) { return static_cast<unsigned>(kPixels * columns / 64); }

  static void launch(const Correlation& c, const Grid& grid) {
    switch (tile_columns(c.out_channels)) {
      case 32:
        return launch_tiles<32>(c, grid);
      case 64:
        return launch_tiles<64>(c, grid);
      default:
        return launch_tiles<128>(c, grid);
    }
  }

 private:
  template <int kColumns>
  static void launch_tiles(const Correlation& c, const Grid& grid) {
    cuda::launch(
        c.in_by_four ? correlate<kPixels, kColumns, true> : correlate<kPixels, kColumns, false>,
        grid, c);
  }
};

}  // namespace

void conv2d_implicit_gemm(const Conv2d& op, Context&, Tally* tally) {
  run_in_tiles<ImplicitGemm>(op);
  tally_zeros_of_x(tally, shape_of(op), op.x);
}

void conv2d_grad_input_implicit_gemm(const Conv2dGradInput& op, Context&, Tally* tally) {
  run_in_tiles<ImplicitGemm>(op);
  tally_zeros_of_grad_input(tally, shape_of(op), op);
}

}  // namespace joule::cuda
