// SPDX-License-Identifier: MIT
#include "joule/core/system/clock.h"

#include <chrono>

namespace joule {

std::int64_t monotonic_nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace joule
