// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"
#include "joule/core/work.h"

namespace joule::cuda {

/// Queues: counts in `tally`, which may be null, the zeros of `sparse` (f32), each of which takes
/// part in `macs_per_value` MACs of a dense product.
///
/// Cost      one thread if `sparse` has a zero mask, otherwise one read of it.
void tally_zeros(Tally* tally, const Tensor& sparse, std::int64_t macs_per_value);

}  // namespace joule::cuda
