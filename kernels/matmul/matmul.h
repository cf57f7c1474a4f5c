// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

namespace ops {

/// y[i,j] = sum_l a[i,l] * b[l,j], for one pair of matrices or for each pair of a batch.
///
/// Shapes    a [M,K] (transpose_a: [K,M]), b [K,N] (transpose_b: [N,K]), y [M,N], or each with the
///           same batch extent in front; f32.  y must not be an input.
/// Cost      M*N*K MACs per pair; each operand moved once.  A zero of a makes N of them skippable.
/// Errors    ArgumentError if shapes, dtypes or devices disagree.
/// Numerics  float32 products and sums; the order of summation depends on the implementation and
///           the shape, not on the number of threads.  cublas rounds the operands as far as
///           Context::precision allows.  With K = 0, y is 0.
struct MatMul {
  static constexpr std::string_view kName = "matmul";

  Tensor a, b, y;
  bool transpose_a = false, transpose_b = false;

  Device device() const { return a.device(); }
  DType dtype() const { return a.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<MatMul>> implementations();
};

}  // namespace ops

/// The differentiable function: [M,K] x [K,N] -> [M,N], or [B,M,K] x [B,K,N] -> [B,M,N].
///
/// Cost      of the gradients: one MatMul of as many MACs for each operand that needs one.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace joule
