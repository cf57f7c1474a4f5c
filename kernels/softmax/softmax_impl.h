// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/softmax/softmax.h"

// The implementations of SoftmaxOf and its gradient for CUDA; private to this folder.
namespace joule::cuda {
template <bool kLog>
void softmax(const SoftmaxOf<kLog>& op, Context& ctx, Tally* tally);
template <bool kLog>
void softmax_grad(const SoftmaxOfGrad<kLog>& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
