// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include "joule/kernels/pool/avg_pool2d.h"
#include "joule/kernels/pool/global_avg_pool.h"
#include "joule/kernels/pool/max_pool2d.h"
#include "joule/kernels/pool/pool_shape.h"

// The implementations of the poolings and what they share; private to this folder.
namespace joule {

inline PoolShape shape_of(const ops::MaxPool2d& op) {
  return pool_shape(ops::MaxPool2d::kName, op.x.shape(), op.kernel, op.stride, op.padding,
                    op.ceil_mode);
}
inline PoolShape shape_of(const ops::MaxPool2dGrad& op) {
  return pool_shape(ops::MaxPool2dGrad::kName, op.grad_x.shape(), op.kernel, op.stride, op.padding,
                    op.ceil_mode);
}
inline PoolShape shape_of(const ops::AvgPool2d& op) {
  return pool_shape(ops::AvgPool2d::kName, op.x.shape(), op.kernel, op.stride, op.padding,
                    op.ceil_mode);
}
inline PoolShape shape_of(const ops::AvgPool2dGrad& op) {
  return pool_shape(ops::AvgPool2dGrad::kName, op.grad_x.shape(), op.kernel, op.stride, op.padding,
                    op.ceil_mode);
}

/// Bytes from the index of one pixel to that of the next.
inline std::int64_t index_stride(const Tensor& index) { return index.dim(3) * 4; }

/// windows_w() of each input column, so that its divisions run once per call, not once per pixel.
inline std::vector<PoolRange> window_columns(const PoolShape& shape) {
  std::vector<PoolRange> columns;
  for (std::int64_t w = 0; w < shape.in_w; ++w) columns.push_back(shape.windows_w(w));
  return columns;
}

namespace cpu {

/// How many rows of `elements` each are worth a thread.
inline std::int64_t row_grain(std::int64_t elements) {
  return 1 + 16384 / std::max<std::int64_t>(1, elements);
}

void max_pool2d_simd(const ops::MaxPool2d& op, Context& ctx, Tally* tally);
void max_pool2d_grad_simd(const ops::MaxPool2dGrad& op, Context& ctx, Tally* tally);
void avg_pool2d_simd(const ops::AvgPool2d& op, Context& ctx, Tally* tally);
void avg_pool2d_grad_simd(const ops::AvgPool2dGrad& op, Context& ctx, Tally* tally);
void global_avg_pool_simd(const ops::GlobalAvgPool& op, Context& ctx, Tally* tally);
void global_avg_pool_grad_simd(const ops::GlobalAvgPoolGrad& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace cuda {
void max_pool2d(const ops::MaxPool2d& op, Context& ctx, Tally* tally);
void max_pool2d_grad(const ops::MaxPool2dGrad& op, Context& ctx, Tally* tally);
void avg_pool2d(const ops::AvgPool2d& op, Context& ctx, Tally* tally);
void avg_pool2d_grad(const ops::AvgPool2dGrad& op, Context& ctx, Tally* tally);
void global_avg_pool(const ops::GlobalAvgPool& op, Context& ctx, Tally* tally);
void global_avg_pool_grad(const ops::GlobalAvgPoolGrad& op, Context& ctx, Tally* tally);
}  // namespace cuda
}  // namespace joule
