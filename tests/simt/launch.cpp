// SPDX-License-Identifier: MIT
#include <simt/launch.h>

#include <algorithm>
#include <cfenv>
#include <span>

#include "joule/tests/simt/block.h"
#include "joule/tests/simt/runtime.h"
#include "joule/tests/simt/stream.h"

namespace joule::simt {
namespace {

constexpr std::size_t kDefaultDynamicShared = 48 * 1024;
constexpr unsigned kMaxGridYz = 65535, kMaxBlockZ = 64;
constexpr unsigned kMaxGridX = 0x7FFFFFFF;
constexpr int kThreadsPerMultiprocessor = 2048, kBlocksPerMultiprocessor = 32;

std::size_t max_dynamic_shared(const void* kernel) {
  const auto& set = Runtime::instance().max_dynamic_shared;
  const auto it = set.find(kernel);
  return it == set.end() ? kDefaultDynamicShared : static_cast<std::size_t>(it->second);
}

cudaError_t check(const cudaLaunchConfig_t& config, const void* kernel) {
  const dim3 &g = config.gridDim, &b = config.blockDim;
  if (!kernel) return cudaErrorInvalidDeviceFunction;
  if (g.x == 0 || g.y == 0 || g.z == 0 || b.x == 0 || b.y == 0 || b.z == 0 || g.x > kMaxGridX ||
      g.y > kMaxGridYz || g.z > kMaxGridYz || b.z > kMaxBlockZ || b.x > kMaxThreads ||
      b.y > kMaxThreads || b.x * b.y * b.z > kMaxThreads)
    return cudaErrorInvalidConfiguration;
  if (config.dynamicSmemBytes > max_dynamic_shared(kernel)) return cudaErrorInvalidValue;
  for (const cudaLaunchAttribute& a : std::span(config.attrs, config.numAttrs)) {
    const bool cluster = a.id == cudaLaunchAttributeClusterDimension &&
                         a.val.clusterDim.x * a.val.clusterDim.y * a.val.clusterDim.z > 1;
    if (cluster || (a.id == cudaLaunchAttributeCooperative && a.val.cooperative))
      return cudaErrorNotSupported;
  }
  return cudaSuccess;
}

/// A launch, with what it takes from the thread that asked for it.
struct Launch {
  dim3 grid, block;
  std::size_t shared_bytes;
  const void* kernel;
  std::function<void()> body;
  std::fenv_t environment = environment_now();  // of floating-point arithmetic

  static std::fenv_t environment_now() {
    std::fenv_t now;
    std::fegetenv(&now);
    return now;
  }

  void operator()() const {
    const std::fenv_t own = environment_now();
    std::fesetenv(&environment);
    const std::string report = Block::instance().run(grid, block, shared_bytes, body);
    std::fesetenv(&own);
    if (!report.empty())
      fail_device(cudaErrorLaunchFailure, name_of_kernel(kernel) + ": " + report);
  }
};

}  // namespace
}  // namespace joule::simt

using namespace joule::simt;

cudaError_t simt::launch(const cudaLaunchConfig_t& config, const void* kernel,
                         std::function<void()> body) {
  return call("cudaLaunchKernelEx", [&] {
    if (const cudaError_t error = check(config, kernel)) return error;
    const dim3& blocks = config.gridDim;
    Runtime::instance().last_blocks = std::size_t{blocks.x} * blocks.y * blocks.z;
    return submit(config.stream, {.type = cudaGraphNodeTypeKernel,
                                  .run = Launch{config.gridDim, config.blockDim,
                                                config.dynamicSmemBytes, kernel, std::move(body)}});
  });
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  return call(__func__, [&] {
    if (!function) return cudaErrorInvalidDeviceFunction;
    if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess;  // a hint
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
        value > static_cast<int>(kMaxDynamicShared))
      return cudaErrorInvalidValue;
    Runtime::instance().max_dynamic_shared[function] = value;
    return cudaSuccess;
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  return call(__func__, [&] {
    if (!function) return cudaErrorInvalidDeviceFunction;
    if (!attributes) return cudaErrorInvalidValue;
    *attributes = {};
    attributes->maxThreadsPerBlock = kMaxThreads;
    attributes->maxDynamicSharedSizeBytes = static_cast<int>(max_dynamic_shared(function));
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function,
                                                          int block_size,
                                                          std::size_t dynamic_shared_bytes) {
  return call(__func__, [&] {
    if (!function) return cudaErrorInvalidDeviceFunction;
    if (!blocks || block_size < 1 || block_size > static_cast<int>(kMaxThreads))
      return cudaErrorInvalidValue;
    const int threads = (block_size + 31) / 32 * 32;
    *blocks = std::min(kThreadsPerMultiprocessor / threads, kBlocksPerMultiprocessor);
    if (dynamic_shared_bytes > 0)
      *blocks = std::min(*blocks, static_cast<int>(kMaxDynamicShared / dynamic_shared_bytes));
    return cudaSuccess;
  });
}
