// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "joule/core/tensor.h"

namespace joule {

/// The index of the largest logit of each row (the first of equal ones).  logits [N, K].  Not an
/// operation: it reads the values, and so waits for their device.
///
/// Errors    ArgumentError if the logits are not a matrix, or have no classes.
/// Numerics  NaN counts as the largest (the first NaN of a row wins), as in NumPy and PyTorch.
std::vector<std::int32_t> argmax(const Tensor& logits);

}  // namespace joule
