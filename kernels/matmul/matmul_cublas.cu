// SPDX-License-Identifier: MIT
#include "joule/kernels/matmul/matmul_impl.h"
#include "joule/kernels/product/cublas.h"
#include "joule/kernels/zero_tally_cuda.h"

namespace joule::cublas {

void matmul(const ops::MatMul& op, Context& ctx, Tally* tally) {
  for_each_product(op, [&](const Gemm& product) { gemm(product, ctx.precision); });
  cuda::tally_zeros(tally, op.a, op.y.dim(-1));
}

}  // namespace joule::cublas
