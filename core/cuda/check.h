// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <source_location>
#include <string>

#include "joule/core/backend/handle.h"
#include "joule/core/error.h"

namespace joule::cuda {

/// "cudaMallocAsync failed: out of memory (cudaErrorMemoryAllocation) at core/cuda/x.cu:12"
std::string describe(cudaError_t status, const char* function, const std::source_location& at);

/// Errors    DeviceError with `function`, the driver's message and the line of the call.
inline void check(cudaError_t status, const char* function,
                  std::source_location at = std::source_location::current()) {
  if (status != cudaSuccess) throw DeviceError(describe(status, function, at));
}

/// For destructors: prints a failure on standard error and continues.
void report(cudaError_t status, const char* function,
            std::source_location at = std::source_location::current()) noexcept;

inline void destroy_stream(cudaStream_t stream) noexcept {
  report(cudaStreamDestroy(stream), "cudaStreamDestroy");
}
inline void destroy_event(cudaEvent_t event) noexcept {
  report(cudaEventDestroy(event), "cudaEventDestroy");
}
using Stream = Handle<cudaStream_t, destroy_stream>;
using Event = Handle<cudaEvent_t, destroy_event>;

}  // namespace joule::cuda
