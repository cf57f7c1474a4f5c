// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule {

/// The host's monotonic clock in nanoseconds; only differences have a meaning.
std::int64_t monotonic_nanoseconds();

}  // namespace joule
