// SPDX-License-Identifier: MIT
#pragma once

#include "joule/core/op.h"
#include "joule/core/tensor.h"

namespace joule {

/// y = a + b, elementwise.
///
/// Shapes    a, b, y: any, equal; f32.  y may be a or b.
/// Cost      no MACs; reads a and b, writes y.
/// Errors    ArgumentError if shapes, dtypes or devices differ.
/// Numerics  one rounding.
struct Add {
  static constexpr std::string_view kName = "add";

  Tensor a, b;
  Tensor y;

  Device device() const { return a.device(); }
  DType dtype() const { return a.dtype(); }
  void check() const;
  Work work() const;
  static std::span<const Implementation<Add>> implementations();
};

}  // namespace joule
