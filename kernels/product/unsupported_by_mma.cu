// SPDX-License-Identifier: MIT
#include "joule/kernels/product/unsupported_by_mma.h"

#include "joule/core/cuda/runtime.h"

namespace joule::cuda {

const char* unsupported_by_mma() {
  return compute_capability() >= 80 ? nullptr : "needs compute capability 8.0 or later";
}

const char* unsupported_by_three_products(std::int64_t terms) {
  return terms < 32 ? "needs sums of at least 32 terms" : unsupported_by_mma();
}

}  // namespace joule::cuda
