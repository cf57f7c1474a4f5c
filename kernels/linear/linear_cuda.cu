// SPDX-License-Identifier: MIT
#include "kernels/linear/gemm_cuda.h"
#include "kernels/linear/linear_impl.h"
#include "kernels/row_sums_cuda.h"
#include "kernels/zero_tally_cuda.h"

namespace joule::cuda {
namespace {

// What the rows of the table do besides the product.
void finish(const Linear& op, Tally* tally) { tally_zeros(tally, op.x, op.weight.dim(0)); }
void finish(const LinearGradInput& op, Tally* tally) {
  tally_zeros(tally, op.grad_y, op.weight.dim(1));
}
void finish(const LinearGradWeight& op, Tally* tally) {
  if (op.grad_bias) sum_over_rows(op.grad_y, op.grad_bias);
  tally_zeros(tally, op.x, op.grad_y.dim(1));
}

}  // namespace

void linear_one_thread_per_output(const Linear& op, Context&, Tally* tally) {
  gemm_one_thread_per_output(gemm_of(op));
  finish(op, tally);
}
void linear_grad_input_one_thread_per_output(const LinearGradInput& op, Context&, Tally* tally) {
  gemm_one_thread_per_output(gemm_of(op));
  finish(op, tally);
}
void linear_grad_weight_one_thread_per_output(const LinearGradWeight& op, Context&, Tally* tally) {
  gemm_one_thread_per_output(gemm_of(op));
  finish(op, tally);
}

void linear_tiled_64x64(const Linear& op, Context&, Tally* tally) {
  gemm_tiled_64x64(gemm_of(op));
  finish(op, tally);
}
void linear_grad_input_tiled_64x64(const LinearGradInput& op, Context&, Tally* tally) {
  gemm_tiled_64x64(gemm_of(op));
  finish(op, tally);
}
void linear_grad_weight_tiled_64x64(const LinearGradWeight& op, Context&, Tally* tally) {
  gemm_tiled_64x64(gemm_of(op));
  finish(op, tally);
}

}  // namespace joule::cuda
