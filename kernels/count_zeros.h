// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"
#include "joule/core/work.h"

namespace joule {

/// Adds to `tally`, which may be null, that each zero of `sparse` met `macs_per_value` MACs of a
/// dense product.
inline void count_zeros(Tally* tally, const Tensor& sparse, std::int64_t macs_per_value) {
  if (!tally) return;
  const std::int64_t nonzeros = sparse.nonzeros();
  tally->values_in += sparse.numel();
  tally->values_in_nonzero += nonzeros;
  tally->macs_skippable += (sparse.numel() - nonzeros) * macs_per_value;
}

}  // namespace joule
