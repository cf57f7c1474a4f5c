// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/shape.h"

namespace joule {

/// How the elements of y map to the operands: y as rows of `columns` contiguous elements, three
/// extents of rows, and each operand's strides for them (in elements; 0: repeated).  Dimensions
/// that are contiguous in both operands are merged: equal shapes make one row.
struct Broadcast {
  std::int64_t extents[3];
  std::int64_t columns;
  std::int64_t a_strides[3], b_strides[3];
  std::int64_t a_column, b_column;  // 0 or 1

  std::int64_t rows() const { return extents[0] * extents[1] * extents[2]; }
};

/// For operands that broadcast_shape() accepts.
Broadcast broadcast_of(const Shape& a, const Shape& b, const Shape& y);

}  // namespace joule
