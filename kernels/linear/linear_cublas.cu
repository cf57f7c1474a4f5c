// SPDX-License-Identifier: MIT
#include "joule/kernels/linear/linear_cuda.h"
#include "joule/kernels/product/cublas.h"

namespace joule::cublas {

void linear(const ops::Linear& op, Context& ctx, Tally* tally) {
  gemm(gemm_of(op), ctx.precision);
  cuda::finish(op, tally);
}

void linear_grad_input(const ops::LinearGradInput& op, Context& ctx, Tally* tally) {
  gemm(gemm_of(op), ctx.precision);
  cuda::finish(op, tally);
}

void linear_grad_weight(const ops::LinearGradWeight& op, Context& ctx, Tally* tally) {
  gemm(gemm_of(op), ctx.precision);
  cuda::finish(op, tally);
}

}  // namespace joule::cublas
