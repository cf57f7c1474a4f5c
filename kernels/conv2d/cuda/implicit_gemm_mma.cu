// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cuda/grad_weight/implicit_gemm.h"
#include "joule/kernels/conv2d/cuda/grad_weight/tap_loader.h"
#include "joule/kernels/conv2d/cuda/implicit_gemm.h"
#include "joule/kernels/conv2d/cuda/tiles.h"
#include "joule/kernels/product/mma_f32_cuda.h"
#include "joule/kernels/product/mma_tile_cuda.h"

// The products of implicit_gemm.h and grad_weight/implicit_gemm.h on tensor
// cores: operands rounded to TF32 or bf16, or f32 by three products of TF32; sums in f32.
namespace joule::cuda {
namespace {

template <class Type>
struct ImplicitGemmMma {
  using Tile = MmaTile<Type, 128, 64, Along::terms, Along::lines>;
  static constexpr int kPixels = Tile::kRows;
  static constexpr bool kCutsTerms = true;

  static int tile_columns(int) { return Tile::kColumns; }
  static unsigned threads(int) { return Tile::kThreads; }
  static void launch(const Correlation& c, const Grid& grid) {
    auto* kernel = correlate<CorrelationLoader<Tile, false>>;
    if (c.in_by_four) {
      const bool in_taps = c.in_channels % Tile::kDepth == 0;
      kernel = in_taps ? correlate<TapLoader<Tile>> : correlate<CorrelationLoader<Tile, true>>;
    }
    cuda::launch(kernel, grid, c);
  }
};

template <class Type>
void run(const ops::Conv2d& op, Tally* tally) {
  run_in_tiles<ImplicitGemmMma<Type>>(op);
  tally_zeros_of_x(tally, shape_of(op), op.x);
}

template <class Type>
void run(const ops::Conv2dGradInput& op, Tally* tally) {
  run_in_tiles<ImplicitGemmMma<Type>>(op);
  tally_zeros_of_grad_input(tally, shape_of(op), op);
}

template <class Type>
void run(const ops::Conv2dGradWeight& op, Tally* tally) {
  using Tile = MmaTile<Type, 64, 128, Along::lines, Along::lines>;
  const Conv2dShape s = shape_of(op);
  sum_products_in_tiles<Tile>(GradWeight(s, op.x, op.grad_y), op.grad_weight);
  grad_bias(op.grad_y, op.grad_bias);
  tally_zeros_of_x(tally, s, op.x);
}

}  // namespace

void conv2d_mma_f32(const ops::Conv2d& op, Context&, Tally* tally) { run<ThreeTf32>(op, tally); }
void conv2d_mma_tf32(const ops::Conv2d& op, Context&, Tally* tally) { run<Tf32>(op, tally); }
void conv2d_mma_bf16(const ops::Conv2d& op, Context&, Tally* tally) { run<Bf16>(op, tally); }
void conv2d_grad_input_mma_f32(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  run<ThreeTf32>(op, tally);
}
void conv2d_grad_input_mma_tf32(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  run<Tf32>(op, tally);
}
void conv2d_grad_input_mma_bf16(const ops::Conv2dGradInput& op, Context&, Tally* tally) {
  run<Bf16>(op, tally);
}
void conv2d_grad_weight_mma_f32(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  run<ThreeTf32>(op, tally);
}
void conv2d_grad_weight_mma_tf32(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  run<Tf32>(op, tally);
}
void conv2d_grad_weight_mma_bf16(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  run<Bf16>(op, tally);
}

}  // namespace joule::cuda
