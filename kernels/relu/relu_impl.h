// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/relu/relu.h"

// The implementations of Relu and ReluGrad, one source file each.  Only relu.cpp includes this.
namespace joule::cpu {
void relu_simd(const ops::Relu& op, Context& ctx, Tally* tally);
void relu_grad_simd(const ops::ReluGrad& op, Context& ctx, Tally* tally);
}  // namespace joule::cpu

namespace joule::cuda {
void relu(const ops::Relu& op, Context& ctx, Tally* tally);
void relu_grad(const ops::ReluGrad& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
