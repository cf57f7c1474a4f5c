// SPDX-License-Identifier: MIT
#include "joule/kernels/matmul/matmul_impl.h"
#include "joule/kernels/product/gemm_cuda.h"
#include "joule/kernels/zero_tally_cuda.h"

namespace joule::cuda {

void matmul_tiled_64x64(const ops::MatMul& op, Context&, Tally* tally) {
  for_each_product(op, [](const Gemm& product) { gemm_tiled_64x64(product); });
  tally_zeros(tally, op.a, op.y.dim(-1));
}

void matmul_one_thread_per_output(const ops::MatMul& op, Context&, Tally* tally) {
  for_each_product(op, [](const Gemm& product) { gemm_one_thread_per_output(product); });
  tally_zeros(tally, op.a, op.y.dim(-1));
}

}  // namespace joule::cuda
