// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/l0/l0.h"

// What l0.cpp and l0_cpu.cpp share; private to them.
namespace joule::cpu {
void l0_sum_simd(const ops::L0Sum& op, Context& ctx, Tally* tally);
void l0_sum_grad_simd(const ops::L0SumGrad& op, Context& ctx, Tally* tally);
}  // namespace joule::cpu

namespace joule::cuda {
void l0_sum(const ops::L0Sum& op, Context& ctx, Tally* tally);
void l0_sum_grad(const ops::L0SumGrad& op, Context& ctx, Tally* tally);
void l0_penalty(const ops::L0Penalty& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
