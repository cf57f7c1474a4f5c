// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string_view>

#include "core/error.h"

namespace joule {

/// Requires a sigma with which x^2 / (x^2 + sigma) is a number for every finite x: a denormal one
/// is flushed to 0, and 0 / 0 is none.
///
/// Errors    ArgumentError that names the op, the value and what was expected.
inline void require_sigma(std::string_view op, float sigma) {
  constexpr float kLeast = std::numeric_limits<float>::min();
  require(sigma >= kLeast && sigma <= std::numeric_limits<float>::max(), op,
          ": the smooth L0 needs a finite sigma of at least ", kLeast,
          " (the smallest normal float32), got ", sigma);
}

}  // namespace joule
