// SPDX-License-Identifier: MIT
#pragma once

#include "joule/kernels/same.h"

namespace joule {

/// Requires one element of `dtype` on `device`.
///
/// Errors    ArgumentError that names the op, the operand, its shape and what was expected.
inline void require_scalar(std::string_view op, const Named& operand, DType dtype, Device device) {
  const Tensor& t = operand.tensor;
  require(t.defined(), op, ": ", operand.name, " is undefined");
  require(t.numel() == 1 && t.dtype() == dtype && t.device() == device, op, ": ", operand.name,
          " must be a scalar of ", dtype, " on ", device, ", got ", t.dtype(), " ", t.shape(),
          " on ", t.device());
}

}  // namespace joule
