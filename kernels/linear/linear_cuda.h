// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/linear/linear_impl.h"
#include "joule/kernels/row_sums_cuda.h"
#include "joule/kernels/zero_tally_cuda.h"

// What the CUDA implementations do besides the product; private to this folder.
namespace joule::cuda {

inline void finish(const ops::Linear& op, Tally* tally) {
  tally_zeros(tally, op.x, op.weight.dim(0));
}
inline void finish(const ops::LinearGradInput& op, Tally* tally) {
  tally_zeros(tally, op.grad_y, op.weight.dim(1));
}
inline void finish(const ops::LinearGradWeight& op, Tally* tally) {
  if (op.grad_bias) sum_over_rows(op.grad_y, op.grad_bias);
  tally_zeros(tally, op.x, op.grad_y.dim(1));
}

}  // namespace joule::cuda
