// SPDX-License-Identifier: MIT
#pragma once

#include "core/tensor.h"

namespace joule {

/// A convolution's weights from Joule's order [out, kh, kw, in] to that of PyTorch and ONNX,
/// [out, in, kh, kw].  New storage, f32.
/// Errors    ArgumentError if the tensor is not f32 of rank 4.
Tensor ohwi_to_oihw(const Tensor& weight);

/// The inverse.
Tensor oihw_to_ohwi(const Tensor& weight);

}  // namespace joule
