// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/autograd/accumulate.h"

// The implementation of Accumulate that has a source file of its own.
namespace joule::cuda {
void accumulate(const ops::Accumulate& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
