// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/matmul/matmul.h"
#include "joule/kernels/product/gemm.h"

// The implementations of MatMul, one source file each; private to this folder.
namespace joule {

struct MatMulExtents {
  std::int64_t batch, m, n, k;
};

inline MatMulExtents extents_of(const ops::MatMul& op) {
  return {.batch = op.y.shape().rank() == 3 ? op.y.dim(0) : 1,
          .m = op.y.dim(-2),
          .n = op.y.dim(-1),
          .k = op.a.dim(op.transpose_a ? -2 : -1)};
}

/// Calls multiply(gemm) for the product of each pair.
template <class Multiply>
void for_each_product(const ops::MatMul& op, Multiply&& multiply) {
  const auto [batch, m, n, k] = extents_of(op);
  const float* const a = op.a.data<float>();
  const float* const b = op.b.data<float>();
  float* const y = op.y.mutable_data<float>();
  for (std::int64_t i = 0; i < batch; ++i) {
    multiply(Gemm{.m = m,
                  .n = n,
                  .k = k,
                  .a = {a + i * m * k, op.transpose_a ? 1 : k, op.transpose_a ? m : 1},
                  .b = {b + i * k * n, op.transpose_b ? 1 : n, op.transpose_b ? k : 1},
                  .bias = nullptr,
                  .c = y + i * m * n});
  }
}

namespace cuda {
void matmul_tiled_64x64(const ops::MatMul& op, Context& ctx, Tally* tally);
void matmul_one_thread_per_output(const ops::MatMul& op, Context& ctx, Tally* tally);
}  // namespace cuda

namespace cublas {
void matmul(const ops::MatMul& op, Context& ctx, Tally* tally);
}  // namespace cublas

}  // namespace joule
