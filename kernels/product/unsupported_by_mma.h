// SPDX-License-Identifier: MIT
#pragma once

namespace joule::cuda {

/// Why the device has no kernels for tensor cores (kernels/product/mma_tile_cuda.h), or null.
const char* unsupported_by_mma();

}  // namespace joule::cuda
