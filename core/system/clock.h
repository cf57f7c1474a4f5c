// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule {

/// What the host's monotonic clock shows; the differences count.
std::int64_t monotonic_nanoseconds();

}  // namespace joule
