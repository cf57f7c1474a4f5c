// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/scale/scale.h"

// What scale.cpp and scale_cpu.cpp share; nobody else includes this.
namespace joule::cpu {
void scale_simd(const ops::Scale& op, Context& ctx, Tally* tally);
void squared_norm_simd(const ops::SquaredNorm& op, Context& ctx, Tally* tally);
}  // namespace joule::cpu

namespace joule::cuda {
void scale(const ops::Scale& op, Context& ctx, Tally* tally);
void squared_norm(const ops::SquaredNorm& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
