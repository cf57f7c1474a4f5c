// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/count_zeros.h"
#include "joule/kernels/linear/linear.h"
#include "joule/kernels/product/gemm.h"

// The implementations of Linear and its gradients; private to this folder.
namespace joule {
namespace cpu {
void linear_gemm(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_grad_input_gemm(const ops::LinearGradInput& op, Context& ctx, Tally* tally);
void linear_few_rows(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_skip_zero(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_skip_zero_bf16_weights(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_grad_input_skip_zero(const ops::LinearGradInput& op, Context& ctx, Tally* tally);
void linear_grad_weight_skip_zero_grad_y(const ops::LinearGradWeight& op, Context& ctx,
                                         Tally* tally);
void linear_grad_weight_gemm(const ops::LinearGradWeight& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace cuda {
void linear_one_thread_per_output(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_grad_input_one_thread_per_output(const ops::LinearGradInput& op, Context& ctx,
                                             Tally* tally);
void linear_grad_weight_one_thread_per_output(const ops::LinearGradWeight& op, Context& ctx,
                                              Tally* tally);
void linear_tiled_64x64(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_grad_input_tiled_64x64(const ops::LinearGradInput& op, Context& ctx, Tally* tally);
void linear_grad_weight_tiled_64x64(const ops::LinearGradWeight& op, Context& ctx, Tally* tally);
void linear_mma_f32(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_mma_tf32(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_mma_bf16(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_grad_input_mma_f32(const ops::LinearGradInput& op, Context& ctx, Tally* tally);
void linear_grad_input_mma_tf32(const ops::LinearGradInput& op, Context& ctx, Tally* tally);
void linear_grad_input_mma_bf16(const ops::LinearGradInput& op, Context& ctx, Tally* tally);
void linear_grad_weight_mma_f32(const ops::LinearGradWeight& op, Context& ctx, Tally* tally);
void linear_grad_weight_mma_tf32(const ops::LinearGradWeight& op, Context& ctx, Tally* tally);
void linear_grad_weight_mma_bf16(const ops::LinearGradWeight& op, Context& ctx, Tally* tally);
}  // namespace cuda

namespace cublas {
void linear(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_grad_input(const ops::LinearGradInput& op, Context& ctx, Tally* tally);
void linear_grad_weight(const ops::LinearGradWeight& op, Context& ctx, Tally* tally);
}  // namespace cublas

namespace onednn {
void linear(const ops::Linear& op, Context& ctx, Tally* tally);
void linear_grad_input(const ops::LinearGradInput& op, Context& ctx, Tally* tally);
void linear_grad_weight(const ops::LinearGradWeight& op, Context& ctx, Tally* tally);
}  // namespace onednn

/// Linear and its gradients as matrix products, f32.
inline Gemm gemm_of(const ops::Linear& op) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.weight.dim(0);
  return {.m = batch,
          .n = out,
          .k = in,
          .a = {op.x.data<float>(), in, 1},
          .b = {op.weight.data<float>(), 1, in},
          .bias = op.bias ? op.bias.data<float>() : nullptr,
          .c = op.y.mutable_data<float>()};
}
inline Gemm gemm_of(const ops::LinearGradInput& op) {
  const std::int64_t batch = op.grad_y.dim(0), in = op.weight.dim(1), out = op.weight.dim(0);
  return {.m = batch,
          .n = in,
          .k = out,
          .a = {op.grad_y.data<float>(), out, 1},
          .b = {op.weight.data<float>(), in, 1},
          .bias = nullptr,
          .c = op.grad_x.mutable_data<float>()};
}
/// Without the gradient of the bias.
inline Gemm gemm_of(const ops::LinearGradWeight& op) {
  const std::int64_t batch = op.x.dim(0), in = op.x.dim(1), out = op.grad_y.dim(1);
  return {.m = out,
          .n = in,
          .k = batch,
          .a = {op.grad_y.data<float>(), 1, out},
          .b = {op.x.data<float>(), in, 1},
          .bias = nullptr,
          .c = op.grad_weight.mutable_data<float>()};
}

/// As count_zeros(), for MACs that were not executed.
inline void count_skipped_zeros(Tally* tally, const Tensor& sparse, std::int64_t macs_per_value) {
  if (!tally) return;
  const std::int64_t before = tally->macs_skippable;
  count_zeros(tally, sparse, macs_per_value);
  tally->macs_skipped += tally->macs_skippable - before;
}

/// grad_bias[o] = sum_n grad_y[n,o], in order of n; does nothing without a bias.
template <class T>
void sum_rows(const Tensor& grad_y, const Tensor& grad_bias) {
  if (!grad_bias) return;
  const std::int64_t batch = grad_y.dim(0), out = grad_y.dim(1);
  const T* const from = grad_y.data<T>();
  T* const to = grad_bias.mutable_data<T>();
  for (std::int64_t o = 0; o < out; ++o) to[o] = T(0);
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t o = 0; o < out; ++o) to[o] += from[n * out + o];
  }
}

}  // namespace joule
