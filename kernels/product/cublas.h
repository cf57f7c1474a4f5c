// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/context.h"
#include "joule/kernels/product/gemm.h"

namespace joule::cublas {

/// Loads cuBLAS and prepares it for this process.  Why it cannot be used, or null.  Needs a device.
const char* unavailable();

/// Queues the product by cuBLAS.  m, n and k must not be 0.
///
/// Errors    DeviceError that names the function of cuBLAS and its status.
/// Numerics  sums in float32.  Products: f32 in float32; tf32 and bf16 of operands that cuBLAS may
///           round to that type.  cuBLAS gives the same bits on devices of one kind; it may keep
///           denormals.
void gemm(const Gemm& args, Precision precision);

}  // namespace joule::cublas
