// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule {

/// The size of a core's second-level cache in bytes; 512 KiB if the system does not tell.
std::int64_t level2_cache_bytes();

}  // namespace joule
