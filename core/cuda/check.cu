// SPDX-License-Identifier: MIT
#include <cstdio>

#include "joule/core/cuda/check.h"

namespace joule::cuda {

std::string describe(cudaError_t status, const char* function, const std::source_location& at) {
  return str(function, " failed: ", cudaGetErrorString(status), " (", cudaGetErrorName(status),
             ") at ", at.file_name(), ":", at.line());
}

void report(cudaError_t status, const char* function, std::source_location at) noexcept {
  // The driver may be gone before the last object of a program is.
  if (status == cudaSuccess || status == cudaErrorCudartUnloading) return;
  try {
    std::fprintf(stderr, "joule: %s\n", describe(status, function, at).c_str());
  } catch (...) {  // the text needs memory; there is no other way to tell
  }
}

}  // namespace joule::cuda
