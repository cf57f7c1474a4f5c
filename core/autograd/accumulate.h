// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule::ops {

/// sum += addend, elementwise, same shape.  The only operation that the tape itself uses: the
/// gradient of a tensor that was used several times is the sum of the gradients of its uses.
///
/// Cost      no MACs; reads both, writes one.
/// Errors    ArgumentError if shape, dtype or device differ, or the dtype is i32.
struct Accumulate {
  static constexpr std::string_view kName = "accumulate";

  Tensor sum;     // any shape
  Tensor addend;  // the same

  Device device() const { return sum.device(); }
  DType dtype() const { return sum.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Accumulate>> implementations();
};

}  // namespace joule::ops
