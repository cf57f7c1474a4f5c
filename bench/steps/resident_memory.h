// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace joule::bench {

/// The most memory of this process that was resident at once, in bytes, since it started or since
/// reset_peak_resident_memory().
///
/// Errors    std::runtime_error if the system does not say.
std::int64_t peak_resident_memory();

/// Gives the cached memory of the pool back and starts the peak anew from what is resident now.
///
/// Errors    std::runtime_error if the system does not let it.
void reset_peak_resident_memory();

}  // namespace joule::bench
