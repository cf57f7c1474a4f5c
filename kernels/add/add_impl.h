// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/add/add.h"

// The implementations of Add, one source file each.  Only add.cpp includes this.
namespace joule::cpu {
void add_simd(const Add& op, Context& ctx, Tally* tally);
}  // namespace joule::cpu

namespace joule::cuda {
void add(const Add& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
