// SPDX-License-Identifier: MIT
#include "joule/core/shape.h"

#include <algorithm>

namespace joule {

void Shape::no_dimension(int i) const {
  throw ArgumentError(str("shape ", *this, ": there is no dimension ", i));
}

void require_window(std::string_view op, std::string_view name, Size2 numbers, std::int64_t least) {
  require(std::min(numbers.h, numbers.w) >= least, op, ": ", name, " must ",
          least > 0 ? "be at least 1" : "not be negative", ", got ", numbers);
  require(std::max(numbers.h, numbers.w) <= kMostOfWindow, op, ": ", name, " must be at most ",
          kMostOfWindow, ", got ", numbers);
}

}  // namespace joule
