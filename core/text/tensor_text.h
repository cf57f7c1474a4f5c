// SPDX-License-Identifier: MIT
#pragma once

#include <iosfwd>

#include "joule/core/tensor.h"

namespace joule {

/// Prints dtype, shape and device, then the values in brackets, a line per row:
///   f32 [2,3] on cpu
///   [[1, 2, 3],
///    [4, 5, 6]]
/// Numbers have the stream's precision (6 digits, if nothing set it).  Of a tensor with more than
/// 1000 elements, each dimension longer than 6 shows its first three and its last three.  Waits for
/// the device.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace joule
