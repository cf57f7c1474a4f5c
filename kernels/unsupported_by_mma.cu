// SPDX-License-Identifier: MIT
#include "kernels/unsupported_by_mma.h"

#include "core/cuda/runtime_cuda.h"

namespace joule::cuda {

const char* unsupported_by_mma() {
  return compute_capability() >= 80 ? nullptr : "needs compute capability 8.0 or later";
}

}  // namespace joule::cuda
