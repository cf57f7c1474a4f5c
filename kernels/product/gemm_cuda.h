// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/product/gemm.h"

namespace joule::cuda {

/// Queues the product, each element by a thread of its own that reads a row and a column.
void gemm_one_thread_per_output(const Gemm& args);

/// Queues the product by tiles of 64x64 (kernels/product/gemm_tile_cuda.h).  Where the result has
/// too few of them to fill a device, k is cut into pieces, whose sums are added in their order.
///
/// Numerics  float32; the order of the sum over k depends on m, n and k alone.
void gemm_tiled_64x64(const Gemm& args);

}  // namespace joule::cuda
