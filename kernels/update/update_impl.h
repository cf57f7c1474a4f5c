// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/update/update.h"

// What update.cpp and update_cpu.cpp share; nobody else includes this.
namespace joule::cpu {
void sgd_update_simd(const SgdUpdate& op, Context& ctx, Tally* tally);
void adam_update_simd(const AdamUpdate& op, Context& ctx, Tally* tally);
void rmsprop_update_simd(const RmsPropUpdate& op, Context& ctx, Tally* tally);
}  // namespace joule::cpu
