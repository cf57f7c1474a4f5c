// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"

namespace joule::cuda {

/// Queues: sums[c] = sum over the rows of x [..., C], f32; 0 if there are none.
///
/// Cost      one read of x.
/// Numerics  float32; the order depends on the shape alone.
void sum_over_rows(const Tensor& x, const Tensor& sums);

}  // namespace joule::cuda
