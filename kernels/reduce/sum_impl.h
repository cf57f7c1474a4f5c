// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/reduce/sum.h"

// The implementations of Sum and SumGrad, one source file each; private to this folder.
namespace joule {

/// x as [outer, summed, inner].
struct SumExtents {
  std::int64_t outer = 1, summed = 1, inner = 1;
};

inline SumExtents sum_extents(const Shape& x, int first, int last) {
  SumExtents extents;
  for (int d = 0; d < x.rank(); ++d) {
    (d < first ? extents.outer : d < last ? extents.summed : extents.inner) *= x[d];
  }
  return extents;
}

namespace cpu {
void sum_simd(const ops::Sum& op, Context& ctx, Tally* tally);
void sum_grad_simd(const ops::SumGrad& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace cuda {
void sum(const ops::Sum& op, Context& ctx, Tally* tally);
void sum_grad(const ops::SumGrad& op, Context& ctx, Tally* tally);
}  // namespace cuda
}  // namespace joule
