// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/autograd/accumulate.h"

// The CUDA implementation of Accumulate; it has its own source file.
namespace joule::cuda {
void accumulate(const ops::Accumulate& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
