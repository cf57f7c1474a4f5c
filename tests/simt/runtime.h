// SPDX-License-Identifier: MIT
#pragma once

#include <simt/errors.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace joule::simt {

/// What all functions of the API share.  One lock: a device does one thing at a time.
struct Runtime {
  static Runtime& instance();

  struct Injection {
    int calls;
    cudaError_t error;
  };

  std::recursive_mutex mutex;
  int device_count = 1;
  cudaError_t sticky = cudaSuccess;
  std::map<std::string, Injection, std::less<>> injections;
  std::string last_report;
  std::map<const void*, int> max_dynamic_shared;  // by kernel, where it was set
  std::size_t last_blocks = 0;                    // of a launch
  std::size_t last_nodes = 0;                     // of a graph that was launched
  bool in_host_function = false;                  // of a stream
};

/// All allocations of cudaMallocHost().
void free_pinned();

/// What runs on the device failed: prints the report; every later call returns the error.
void fail_device(cudaError_t error, const std::string& report);

/// Why the function cannot do anything: no device, a sticky error, an injected one, or a host
/// function calls it.
cudaError_t obstacle(const char* function);
/// Makes an error the calling thread's last one.
cudaError_t recorded(cudaError_t error);

/// Every function of the API: call(__func__, [&] { ...; return cudaSuccess; }).
template <class F>
cudaError_t call(const char* function, F&& body) {
  const std::lock_guard lock(Runtime::instance().mutex);
  if (const cudaError_t error = obstacle(function)) return recorded(error);
  const cudaError_t error = std::forward<F>(body)();
  return recorded(error ? error : Runtime::instance().sticky);  // of what ran meanwhile
}

}  // namespace joule::simt
