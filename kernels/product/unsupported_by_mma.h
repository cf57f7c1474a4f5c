// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cuda {

/// Why the device cannot run the tensor-core kernels (kernels/product/mma_tile_cuda.h), or null.
const char* unsupported_by_mma();

}  // namespace joule::cuda
