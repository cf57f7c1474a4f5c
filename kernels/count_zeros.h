// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/tensor.h"
#include "joule/core/work.h"

namespace joule {

/// Counts the zeros of `sparse`, each of which takes part in `macs_per_value` MACs of a dense
/// product, in `tally`, which may be null.
inline void count_zeros(Tally* tally, const Tensor& sparse, std::int64_t macs_per_value) {
  if (!tally) return;
  const std::int64_t nonzeros = sparse.nonzeros();
  tally->values_in += sparse.numel();
  tally->values_in_nonzero += nonzeros;
  tally->macs_skippable += (sparse.numel() - nonzeros) * macs_per_value;
}

}  // namespace joule
