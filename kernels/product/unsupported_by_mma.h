// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::cuda {

/// Why the device cannot run the tensor-core kernels (kernels/product/mma_tile_cuda.h), or null.
const char* unsupported_by_mma();

/// The same of those that compute f32 by three products of TF32 (kernels/product/mma_f32_cuda.h),
/// for sums of so many terms: with fewer, their error may exceed that of multiply-adds in f32.
const char* unsupported_by_three_products(std::int64_t terms);

}  // namespace joule::cuda
