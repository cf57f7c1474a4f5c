// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"

namespace joule {

/// [N, ...] -> [N, product], also for N = 0: [0,28,28,1] -> [0,784].  Not an operation: it calls
/// Tensor::reshape().
///
/// Errors    ArgumentError if x is undefined or a scalar.
Tensor flatten(Tensor x);

}  // namespace joule
