// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/binary/binary.h"

// The implementations of Binary, one source file each; private to this folder.
namespace joule::cpu {
template <BinaryFunction kFunction>
void binary_simd(const Binary<kFunction>& op, Context& ctx, Tally* tally);
}  // namespace joule::cpu

namespace joule::cuda {
template <BinaryFunction kFunction>
void binary(const Binary<kFunction>& op, Context& ctx, Tally* tally);
}  // namespace joule::cuda
