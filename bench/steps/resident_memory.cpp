// SPDX-License-Identifier: MIT
#include "joule/bench/steps/resident_memory.h"

#include <malloc.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "joule/core/backend/memory.h"

namespace joule::bench {

std::int64_t peak_resident_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  throw std::runtime_error("/proc/self/status: no VmHWM line");
}

void reset_peak_resident_memory() {
  release_cached_memory();
  malloc_trim(0);
  // proc(5): "5" resets the peak of the resident set.
  if (!(std::ofstream("/proc/self/clear_refs") << "5" << std::flush)) {
    throw std::runtime_error("/proc/self/clear_refs: cannot be written");
  }
}

}  // namespace joule::bench
