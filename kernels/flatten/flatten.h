// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"

namespace joule {

/// [N, ...] -> [N, product], also of no images: [0,28,28,1] -> [0,784].  No operation:
/// Tensor::reshape.
///
/// Errors    ArgumentError if x is undefined or a scalar.
Tensor flatten(Tensor x);

}  // namespace joule
