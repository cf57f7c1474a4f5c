// SPDX-License-Identifier: MIT
//
// The device, what a launch may ask of it, and errors that tests inject.
#include <string>

#include "joule/tests/simt/device_array.h"

namespace joule::test {
namespace {

__global__ void nothing() {}
__global__ void nothing_else() {}

TEST_F(Simt, TheDeviceDescribesItself) {
  int count = 0, device = 5, value = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(1), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  EXPECT_EQ(device, 0);
  cudaDeviceProp properties;
  EXPECT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
  EXPECT_STREQ(properties.name, "SIMT executor (CPU)");
  EXPECT_EQ(properties.totalGlobalMem, std::size_t{2} << 30);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0),
            cudaSuccess);
  EXPECT_EQ(value, 232448);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(9999), 0),
            cudaErrorInvalidValue);
  char id[16];
  EXPECT_EQ(cudaDeviceGetPCIBusId(id, sizeof id, 0), cudaSuccess);
  EXPECT_STREQ(id, "0000:00:00.0");
  EXPECT_EQ(cudaDeviceGetPCIBusId(id, 12, 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaDriverGetVersion(&value), cudaSuccess);
  EXPECT_EQ(value, 13000);
}

TEST_F(Simt, LaunchesThatNoDeviceTakes) {
  EXPECT_EQ(launch({0, 32}, nothing), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, 0}, nothing), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, 1025}, nothing), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, dim3(32, 33)}, nothing), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, dim3(1, 1, 65)}, nothing), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({dim3(1, 65536), 1}, nothing), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, dim3(65536, 65536)}, nothing), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, 1024}, nothing), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(Simt, MoreThan48KiBOfSharedMemoryMustBeAskedFor) {
  EXPECT_EQ(launch({1, 1, 49152}, nothing), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 49153}, nothing), cudaErrorInvalidValue);
  constexpr auto kMost = cudaFuncAttributeMaxDynamicSharedMemorySize;
  EXPECT_EQ(cudaFuncSetAttribute(nothing, kMost, 232449), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFuncSetAttribute(nothing, kMost, 232448), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 232448}, nothing), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 232449}, nothing), cudaErrorInvalidValue);
  EXPECT_EQ(launch({1, 1, 49153}, nothing_else), cudaErrorInvalidValue);
  cudaFuncAttributes attributes;
  EXPECT_EQ(cudaFuncGetAttributes(&attributes, nothing), cudaSuccess);
  EXPECT_EQ(attributes.maxDynamicSharedSizeBytes, 232448);
}

TEST_F(Simt, ClustersAndCooperativeLaunchesAreNotSupported) {
  cudaLaunchAttribute attribute{};
  const cudaLaunchConfig_t config{1, 1, 0, nullptr, &attribute, 1};
  EXPECT_EQ(cudaLaunchKernelEx(&config, nothing), cudaSuccess);
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {2, 1, 1};
  EXPECT_EQ(cudaLaunchKernelEx(&config, nothing), cudaErrorNotSupported);
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = 1;
  EXPECT_EQ(cudaLaunchKernelEx(&config, nothing), cudaErrorNotSupported);
}

TEST_F(Simt, Occupancy) {
  int blocks = 0;
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nothing, 256, 0), cudaSuccess);
  EXPECT_EQ(blocks, 8);
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nothing, 32, 0), cudaSuccess);
  EXPECT_EQ(blocks, 32);
  EXPECT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nothing, 256, 100000),
            cudaSuccess);
  EXPECT_EQ(blocks, 2);
}

TEST_F(Simt, WithoutADeviceEveryCallSaysSo) {
  ::simt::set_device_count(0);
  int count = 5;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  EXPECT_EQ(count, 0);
  void* x = nullptr;
  EXPECT_EQ(cudaMalloc(&x, 4), cudaErrorNoDevice);
  EXPECT_EQ(launch({}, nothing), cudaErrorNoDevice);
  EXPECT_EQ(cudaRuntimeGetVersion(&count), cudaSuccess);
}

TEST_F(Simt, AnInjectedErrorComesOnceAfterSomeCalls) {
  ::simt::fail("cudaMalloc", cudaErrorMemoryAllocation, 1);
  ::simt::fail("cudaLaunchKernelEx", cudaErrorLaunchOutOfResources);
  EXPECT_EQ(launch({}, nothing), cudaErrorLaunchOutOfResources);
  EXPECT_EQ(launch({}, nothing), cudaSuccess);
  const DeviceArray<int> x(1);
  void* y = nullptr;
  EXPECT_EQ(cudaMalloc(&y, 4), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(y, nullptr);
  EXPECT_EQ(cudaMalloc(&y, 4), cudaSuccess);
  EXPECT_EQ(cudaFree(y), cudaSuccess);
}

TEST_F(Simt, ALostDeviceStaysLost) {
  int* x = nullptr;
  ASSERT_EQ(cudaMalloc(&x, 4), cudaSuccess);
  ::simt::lose_device();
  EXPECT_EQ(cudaFree(x), cudaErrorECCUncorrectable);
  EXPECT_EQ(launch({}, nothing), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaGetLastError(), cudaErrorECCUncorrectable);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorECCUncorrectable);
  ::simt::reset();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(launch({}, nothing), cudaSuccess);
}

TEST_F(Simt, ErrorsHaveNamesAndTexts) {
  EXPECT_STREQ(cudaGetErrorName(cudaErrorLaunchFailure), "cudaErrorLaunchFailure");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
  EXPECT_STREQ(cudaGetErrorName(static_cast<cudaError_t>(12345)), "unrecognized error code");
}

}  // namespace
}  // namespace joule::test
