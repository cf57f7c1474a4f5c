// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cuda/gemm_tile.h"
#include "joule/kernels/conv2d/cuda/implicit_gemm.h"
#include "joule/kernels/conv2d/cuda/tiles.h"

namespace joule::cuda {
namespace {

struct ImplicitGemm {
  static constexpr int kPixels = 128;
  static constexpr bool kCutsTerms = true;

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
    using Tile = GemmTile<kPixels, kColumns>;
    cuda::launch(c.in_by_four ? correlate<CorrelationLoader<Tile, true>>
                              : correlate<CorrelationLoader<Tile, false>>,
                 grid, c);
  }
};

}  // namespace

void conv2d_implicit_gemm(const ops::Conv2d& op, Context&, Tally* tally) {
  run_in_tiles<ImplicitGemm>(op);
  tally_zeros_of_x(tally, shape_of(op), op.x);
}

void conv2d_grad_input_implicit_gemm(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  run_in_tiles<ImplicitGemm>(op);
  tally_zeros_of_grad_input(tally, shape_of(op), op);
}

}  // namespace joule::cuda
