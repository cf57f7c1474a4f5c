// SPDX-License-Identifier: MIT
#include "joule/kernels/linear/linear_impl.h"
#include "joule/kernels/product/gemm.h"

namespace joule::cpu {

void linear_gemm(const ops::Linear& op, Context&, Tally* tally) {
  gemm(gemm_of(op));
  count_zeros(tally, op.x, op.weight.dim(0));
}

void linear_grad_input_gemm(const ops::LinearGradInput& op, Context&, Tally* tally) {
  gemm(gemm_of(op));
  count_zeros(tally, op.grad_y, op.weight.dim(1));
}

void linear_grad_weight_gemm(const ops::LinearGradWeight& op, Context&, Tally* tally) {
  gemm(gemm_of(op));
  sum_rows<float>(op.grad_y, op.grad_bias);
  count_zeros(tally, op.x, op.grad_y.dim(1));
}

}  // namespace joule::cpu
