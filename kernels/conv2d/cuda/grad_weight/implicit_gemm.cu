// SPDX-License-Identifier: MIT
#include "joule/kernels/conv2d/cuda/gemm_tile.h"
#include "joule/kernels/conv2d/cuda/grad_weight/implicit_gemm.h"

namespace joule::cuda {
namespace {

template <int kRows, int kColumns>
void run(const ops::Conv2dGradWeight& op) {
  using Tile = GemmTile<kRows, kColumns>;
  sum_products_in_tiles<Tile>(GradWeight(shape_of(op), op.x, op.grad_y), op.grad_weight);
}

}  // namespace

void conv2d_grad_weight_implicit_gemm(const ops::Conv2dGradWeight& op, Context&, Tally* tally) {
  const Conv2dShape s = shape_of(op);
  const bool narrow = s.kernel_h * s.kernel_w * s.in_channels <= 64;
  if (s.out_channels <= 64) {
    narrow ? run<64, 64>(op) : run<64, 128>(op);
  } else {
    narrow ? run<128, 64>(op) : run<128, 128>(op);
  }
  grad_bias(op.grad_y, op.grad_bias);
  tally_zeros_of_x(tally, s, op.x);
}

}  // namespace joule::cuda
