// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/concat/concat.h"
#include "joule/kernels/rows_of.h"

// The implementations of Concat and ConcatGrad, one source file each; private to this folder.
namespace joule {

namespace cpu {
void concat_copy(const ops::Concat& op, Context& ctx, Tally* tally);
void concat_grad_copy(const ops::ConcatGrad& op, Context& ctx, Tally* tally);
}  // namespace cpu

namespace cuda {
void concat(const ops::Concat& op, Context& ctx, Tally* tally);
void concat_grad(const ops::ConcatGrad& op, Context& ctx, Tally* tally);
}  // namespace cuda
}  // namespace joule
