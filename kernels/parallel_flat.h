// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include "joule/core/threads.h"

namespace joule {

/// Calls body(begin, end) on a partition of [0, n) for elementwise work.  Every piece but the last
/// ends at a multiple of 1024, so which elements a vector loop leaves to its tail does not depend
/// on the number of threads.
template <class Body>
void parallel_flat(std::int64_t n, Body&& body) {
  constexpr std::int64_t kBlock = 1024;
  constexpr std::int64_t kGrain = 16;  // the least number of blocks that is worth a thread
  parallel_for((n + kBlock - 1) / kBlock, kGrain, [&](std::int64_t first, std::int64_t last) {
    body(first * kBlock, std::min(last * kBlock, n));
  });
}

}  // namespace joule
