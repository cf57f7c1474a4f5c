// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/core/tensor.h"

namespace joule {

/// Of a tensor that an operation moves; 0 without one.
inline std::int64_t bytes_of(const Tensor& t) {
  return t ? static_cast<std::int64_t>(t.bytes()) : 0;
}

}  // namespace joule
