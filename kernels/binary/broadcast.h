// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/shape.h"

namespace joule {

/// Where the operands of an element of y lie: y as rows of `columns` contiguous elements, three
/// extents of rows, and how far apart (in elements; 0: repeated) each operand's are.  What lies
/// together in both operands is one dimension here: equal shapes make one row.
struct Broadcast {
  std::int64_t extents[3];
  std::int64_t columns;
  std::int64_t a_strides[3], b_strides[3];
  std::int64_t a_column, b_column;  // 0 or 1

  std::int64_t rows() const { return extents[0] * extents[1] * extents[2]; }
};

/// Of operands that broadcast_shape() takes.
Broadcast broadcast_of(const Shape& a, const Shape& b, const Shape& y);

}  // namespace joule
