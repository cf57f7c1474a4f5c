// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string_view>

#include "joule/core/tensor.h"

namespace joule {

/// An operand, with its name for messages.
struct Named {
  std::string_view name;
  const Tensor& tensor;
};

/// Requires floating-point operands of one shape, dtype and device.
///
/// Errors    ArgumentError that names the op, the operand, what it is and what was expected.
inline void require_same(std::string_view op, std::initializer_list<Named> operands) {
  const Named& first = *operands.begin();
  for (const Named& o : operands) {
    require(o.tensor.defined(), op, ": ", o.name, " is undefined");
    require(o.tensor.dtype() != DType::i32, op, ": ", o.name, " must be floating-point, got i32");
    require(o.tensor.shape() == first.tensor.shape() && o.tensor.dtype() == first.tensor.dtype() &&
                o.tensor.device() == first.tensor.device(),
            op, ": ", o.name, " is ", o.tensor.dtype(), " ", o.tensor.shape(), " on ",
            o.tensor.device(), ", ", first.name, " is ", first.tensor.dtype(), " ",
            first.tensor.shape(), " on ", first.tensor.device());
  }
}

/// Requires `o` to have `shape`, and the dtype and device of `like`.
///
/// Errors    ArgumentError that names the op, the operand, what it is and what was expected.
inline void require_shape(std::string_view op, const Named& o, const Shape& shape,
                          const Tensor& like) {
  require(o.tensor.defined(), op, ": ", o.name, " is undefined");
  require(o.tensor.shape() == shape && o.tensor.dtype() == like.dtype() &&
              o.tensor.device() == like.device(),
          op, ": ", o.name, " is ", o.tensor.dtype(), " ", o.tensor.shape(), " on ",
          o.tensor.device(), ", expected ", like.dtype(), " ", shape, " on ", like.device());
}

}  // namespace joule
