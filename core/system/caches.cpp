// SPDX-License-Identifier: MIT
#include "joule/core/system/caches.h"

#include <unistd.h>

namespace joule {

std::int64_t level2_cache_bytes() {
  constexpr std::int64_t kLikely = 512 * 1024;
  static const std::int64_t told = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return told > 0 ? told : kLikely;
}

}  // namespace joule
