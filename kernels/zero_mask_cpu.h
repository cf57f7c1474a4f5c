// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "joule/core/tensor.h"

namespace joule::cpu {

/// The zero mask of t [..., channels], f32.  If the operation that wrote t left none, or t had
/// other channels then, a pass over t makes it; it is cached with t until t is written again.
///
/// Cost      none if there is a mask, otherwise one read of t.
std::shared_ptr<const ZeroMask> zero_mask_of(const Tensor& t);

}  // namespace joule::cpu
