// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/product/gemm.h"

namespace joule::cuda {

/// Queues the product.  One thread computes one element; it reads a row and a column.
void gemm_one_thread_per_output(const Gemm& args);

/// Queues the product in tiles of 64x64 (kernels/product/gemm_tile_cuda.h).  If the result has too
/// few tiles to fill a device, k is cut into pieces, whose sums are added in order.
///
/// Numerics  float32; the order of the sum over k depends on m, n and k alone.
void gemm_tiled_64x64(const Gemm& args);

}  // namespace joule::cuda
