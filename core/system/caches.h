// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule {

/// The second-level cache of a core, in bytes; 512 KiB where the system does not tell.
std::int64_t level2_cache_bytes();

}  // namespace joule
