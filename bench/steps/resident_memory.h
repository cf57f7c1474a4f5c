// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::bench {

/// The peak resident memory of this process in bytes, since it started or since
/// reset_peak_resident_memory().
///
/// Errors    std::runtime_error if the system does not tell.
std::int64_t peak_resident_memory();

/// Frees the pool's cached memory, and restarts the peak from what is resident now.
///
/// Errors    std::runtime_error if the system does not let it.
void reset_peak_resident_memory();

}  // namespace joule::bench
