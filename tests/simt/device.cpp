// SPDX-License-Identifier: MIT
#include <cuda_runtime.h>

#include <cstdio>

#include "joule/tests/simt/arena.h"
#include "joule/tests/simt/block.h"
#include "joule/tests/simt/runtime.h"

namespace joule::simt {
namespace {

constexpr int kCudaVersion = CUDART_VERSION;

/// The limits of compute capability 9.0, and four multiprocessors.
cudaDeviceProp properties_of_device() {
  cudaDeviceProp p{};
  std::snprintf(p.name, sizeof p.name, "SIMT executor (CPU)");
  p.totalGlobalMem = Arena::instance().total_bytes();
  p.sharedMemPerBlock = 48 * 1024;
  p.regsPerBlock = 65536;
  p.warpSize = 32;
  p.maxThreadsPerBlock = kMaxThreads;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = kMaxThreads;
  p.maxThreadsDim[2] = 64;
  p.maxGridSize[0] = 0x7FFFFFFF;
  p.maxGridSize[1] = p.maxGridSize[2] = 65535;
  p.totalConstMem = 64 * 1024;
  p.major = 9;
  p.multiProcessorCount = 4;
  p.concurrentKernels = 1;
  p.asyncEngineCount = 1;
  p.unifiedAddressing = 1;
  p.memoryBusWidth = 64;
  p.l2CacheSize = 1 << 20;
  p.maxThreadsPerMultiProcessor = 2048;
  p.sharedMemPerMultiprocessor = 233472;
  p.regsPerMultiprocessor = 65536;
  p.sharedMemPerBlockOptin = kMaxDynamicShared;
  p.maxBlocksPerMultiProcessor = 32;
  p.reservedSharedMemPerBlock = 1024;
  p.memoryPoolsSupported = 1;
  return p;
}

/// -1 of an attribute that it does not know.
int attribute_of(const cudaDeviceProp& p, cudaDeviceAttr attribute) {
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      return p.maxThreadsPerBlock;
    case cudaDevAttrMaxBlockDimX:
      return p.maxThreadsDim[0];
    case cudaDevAttrMaxBlockDimY:
      return p.maxThreadsDim[1];
    case cudaDevAttrMaxBlockDimZ:
      return p.maxThreadsDim[2];
    case cudaDevAttrMaxGridDimX:
      return p.maxGridSize[0];
    case cudaDevAttrMaxGridDimY:
      return p.maxGridSize[1];
    case cudaDevAttrMaxGridDimZ:
      return p.maxGridSize[2];
    case cudaDevAttrMaxSharedMemoryPerBlock:
      return static_cast<int>(p.sharedMemPerBlock);
    case cudaDevAttrWarpSize:
      return p.warpSize;
    case cudaDevAttrMultiProcessorCount:
      return p.multiProcessorCount;
    case cudaDevAttrIntegrated:
    case cudaDevAttrCooperativeLaunch:
      return 0;
    case cudaDevAttrL2CacheSize:
      return p.l2CacheSize;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return p.maxThreadsPerMultiProcessor;
    case cudaDevAttrComputeCapabilityMajor:
      return p.major;
    case cudaDevAttrComputeCapabilityMinor:
      return p.minor;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      return static_cast<int>(p.sharedMemPerMultiprocessor);
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      return static_cast<int>(p.sharedMemPerBlockOptin);
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      return p.maxBlocksPerMultiProcessor;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      return static_cast<int>(p.reservedSharedMemPerBlock);
    case cudaDevAttrMemoryPoolsSupported:
      return p.memoryPoolsSupported;
  }
  return -1;
}

/// For every function that takes the number of a device and writes an answer.
template <class F>
cudaError_t ask(const char* function, int device, const void* answer, F body) {
  return call(function, [&]() -> cudaError_t {
    if (device < 0 || device >= Runtime::instance().device_count) return cudaErrorInvalidDevice;
    return answer ? body() : cudaErrorInvalidValue;
  });
}

}  // namespace
}  // namespace joule::simt

using namespace joule::simt;

cudaError_t cudaGetDeviceCount(int* count) {
  if (count) *count = 0;
  return call(__func__, [&] {
    if (!count) return cudaErrorInvalidValue;
    *count = Runtime::instance().device_count;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return ask(__func__, device, &device, [] { return cudaSuccess; });
}
cudaError_t cudaGetDevice(int* device) {
  return ask(__func__, 0, device, [&] {
    *device = 0;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return ask(__func__, device, properties, [&] {
    *properties = properties_of_device();
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return ask(__func__, device, value, [&] {
    const int answer = attribute_of(properties_of_device(), attribute);
    if (answer < 0) return cudaErrorInvalidValue;
    *value = answer;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetPCIBusId(char* id, int length, int device) {
  return ask(__func__, device, id, [&] {
    constexpr char kId[] = "0000:00:00.0";
    if (length < static_cast<int>(sizeof kId)) return cudaErrorInvalidValue;
    std::snprintf(id, sizeof kId, "%s", kId);
    return cudaSuccess;
  });
}

// The versions are known without a device.
cudaError_t cudaDriverGetVersion(int* version) {
  if (!version) return recorded(cudaErrorInvalidValue);
  *version = kCudaVersion;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  if (!version) return recorded(cudaErrorInvalidValue);
  *version = kCudaVersion;
  return cudaSuccess;
}
