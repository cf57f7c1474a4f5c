// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/pointwise/pointwise.h"

// The implementations of Pointwise and its gradient, one source file each; private to this folder.
namespace joule::cpu {
template <PointwiseFunction kFunction>
void pointwise_simd(const Pointwise<kFunction>& op, Context& ctx, Tally* tally);
template <PointwiseFunction kFunction>
void pointwise_grad_simd(const PointwiseGrad<kFunction>& op, Context& ctx, Tally* tally);
}  // namespace joule::cpu

namespace joule::cuda {
template <PointwiseFunction kFunction>
void pointwise(const Pointwise<kFunction>& op, Context& ctx, Tally* tally);
template <PointwiseFunction kFunction>
void pointwise_grad(const PointwiseGrad<kFunction>& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
