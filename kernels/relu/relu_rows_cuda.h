// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"

namespace joule::cuda {

/// Queues: y = x + bias where that exceeds the threshold, else 0; its mask; and the sum of its
/// smooth L0 if `l0_sum` is defined.  One bias per channel (the last dimension), or null.  y may be
/// x.
void relu_rows(const Tensor& x, const float* bias, const Tensor& y, float threshold, float sigma,
               const Tensor& l0_sum);

}  // namespace joule::cuda
