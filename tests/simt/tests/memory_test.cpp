// SPDX-License-Identifier: MIT
//
// Device and pinned memory, copies, and the answers about them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "joule/tests/simt/device_array.h"

namespace joule::test {
namespace {

TEST_F(Simt, MemoryIsAlignedAndFilledWithGarbage) {
  for (const std::size_t bytes : {4, 60, 256, 1000, 5000000}) {
    const DeviceArray<unsigned> x(bytes / 4);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.get()) % 256, 0u);
    EXPECT_EQ(x.values(), std::vector<unsigned>(bytes / 4, 0xFFFFFFFFu));
    EXPECT_EQ(cudaMemset(x.get(), 1, bytes), cudaSuccess);
  }
}

TEST_F(Simt, AllocatedBytesAreExact) {
  void *a = nullptr, *b = nullptr;
  ASSERT_EQ(cudaMalloc(&a, 1001), cudaSuccess);
  ASSERT_EQ(cudaMallocAsync(&b, 10, nullptr), cudaSuccess);
  EXPECT_EQ(::simt::allocated_bytes(), 1011u);
  ASSERT_EQ(cudaFree(a), cudaSuccess);
  EXPECT_EQ(::simt::allocated_bytes(), 10u);
  ASSERT_EQ(cudaFreeAsync(b, nullptr), cudaSuccess);
}

TEST_F(Simt, NoBytesAreANullPointer) {
  void* x = &x;
  EXPECT_EQ(cudaMalloc(&x, 0), cudaSuccess);
  EXPECT_EQ(x, nullptr);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyDeviceToHost), cudaSuccess);
}

TEST_F(Simt, WhatIsNotAllocatedIsNotFreed) {
  int on_host = 0;
  const DeviceArray<int> x(2);
  EXPECT_EQ(cudaFree(&on_host), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(x.get() + 1), cudaErrorInvalidValue);
  void* y = nullptr;
  ASSERT_EQ(cudaMalloc(&y, 4), cudaSuccess);
  EXPECT_EQ(cudaFree(y), cudaSuccess);
  EXPECT_EQ(cudaFree(y), cudaErrorInvalidValue);
}

TEST_F(Simt, FreedMemoryIsUsedAgainAndJoined) {
  // Freed memory waits before it is used again, under AddressSanitizer until 64 MiB are freed.
  constexpr std::size_t kSmall = std::size_t{3} << 20, kLarge = std::size_t{4} << 20;
  std::uintptr_t lowest = ~std::uintptr_t{0}, highest = 0;
  for (int i = 0; i < 60; ++i) {
    void *a = nullptr, *b = nullptr;
    ASSERT_EQ(cudaMalloc(&a, i % 3 ? kSmall : kLarge), cudaSuccess);
    ASSERT_EQ(cudaMalloc(&b, i % 3 ? kLarge : kSmall), cudaSuccess);
    lowest = std::min(lowest, reinterpret_cast<std::uintptr_t>(a));
    highest = std::max(highest, reinterpret_cast<std::uintptr_t>(b));
    ASSERT_EQ(cudaFree(i % 2 ? a : b), cudaSuccess);
    ASSERT_EQ(cudaFree(i % 2 ? b : a), cudaSuccess);
  }
  EXPECT_LT(highest - lowest, std::size_t{100} << 20);
}

TEST_F(Simt, TheDeviceRunsOutOfMemory) {
  ::simt::set_memory_bytes(1000);
  std::size_t free = 0, total = 0;
  const DeviceArray<char> x(600);
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, 400u);
  EXPECT_EQ(total, 1000u);
  void* y = nullptr;
  EXPECT_EQ(cudaMalloc(&y, 401), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMallocAsync(&y, std::size_t{1} << 60, nullptr), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);  // it is not sticky
  EXPECT_EQ(cudaMalloc(&y, 400), cudaSuccess);
  EXPECT_EQ(cudaFree(y), cudaSuccess);
}

TEST_F(Simt, CopiesOfEveryKind) {
  const DeviceArray<int> a({1, 2, 3}), b(3);
  int host[3] = {}, other[3] = {};
  EXPECT_EQ(cudaMemcpy(b.get(), a.get(), 12, cudaMemcpyDeviceToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(host, b.get(), 12, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(host[2], 3);
  EXPECT_EQ(cudaMemcpyAsync(other, host, 12, cudaMemcpyHostToHost), cudaSuccess);
  EXPECT_EQ(other[1], 2);
}

// CUDA may: whoever changes the memory before something waits for the copy has a race.
TEST_F(Simt, AnAsynchronousCopyReadsTheHostLate) {
  const DeviceArray<int> x(1);
  int host = 1;
  EXPECT_EQ(cudaMemcpyAsync(x.get(), &host, 4, cudaMemcpyHostToDevice), cudaSuccess);
  host = 2;
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaSuccess);
  host = 3;
  EXPECT_EQ(x.values()[0], 2);
  EXPECT_EQ(cudaMemcpyAsync(x.get() + 1, &host, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
}

TEST_F(Simt, AKindThatThePointersContradictIsAnError) {
  const DeviceArray<int> x(3);
  int host[3] = {}, other[3] = {};
  EXPECT_EQ(cudaMemcpy(x.get(), host, 12, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(x.get(), host, 12, cudaMemcpyDeviceToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(other, host, 12, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpyAsync(host, x.get(), 12, cudaMemcpyHostToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, x.get(), 12, static_cast<cudaMemcpyKind>(7)),
            cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemset(host, 0, 12), cudaErrorInvalidValue);
}

TEST_F(Simt, CopiesStayInsideOneAllocation) {
  const DeviceArray<int> x({1, 2, 3}), y({1, 2, 3});
  int host[200] = {};
  EXPECT_EQ(cudaMemcpy(host, x.get(), 13, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(x.get() + 1, host, 12, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(x.get(), 0, 13), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(x.get() + 2, 0, 4), cudaSuccess);
  EXPECT_EQ(x.values(), (std::vector<int>{1, 2, 0}));
}

TEST_F(Simt, PinnedMemory) {
  float* x = nullptr;
  ASSERT_EQ(cudaMallocHost(&x, 40), cudaSuccess);
  EXPECT_TRUE(std::isnan(x[9]));
  cudaPointerAttributes attributes;
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, x + 9), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeHost);
  EXPECT_EQ(cudaFreeHost(x + 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeHost(x), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(x), cudaErrorInvalidValue);
  ASSERT_EQ(cudaHostAlloc(&x, 40, cudaHostAllocPortable), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(x), cudaSuccess);
  EXPECT_EQ(cudaHostAlloc(&x, 40, 64), cudaErrorInvalidValue);
}

TEST_F(Simt, AttributesOfPointers) {
  const DeviceArray<int> x(3);
  int host = 0;
  cudaPointerAttributes attributes;
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, x.get() + 2), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeDevice);
  EXPECT_EQ(attributes.devicePointer, x.get() + 2);
  EXPECT_EQ(cudaPointerGetAttributes(&attributes, &host), cudaSuccess);
  EXPECT_EQ(attributes.type, cudaMemoryTypeUnregistered);
}

TEST_F(Simt, ThePoolCountsItsMemory) {
  cudaMemPool_t pool = nullptr;
  ASSERT_EQ(cudaDeviceGetDefaultMemPool(&pool, 0), cudaSuccess);
  std::uint64_t threshold = 12345, value = 0;
  EXPECT_EQ(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold),
            cudaSuccess);
  EXPECT_EQ(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &value), cudaSuccess);
  EXPECT_EQ(value, threshold);
  { const DeviceArray<char> x(1000); }
  const DeviceArray<char> y(10);
  EXPECT_EQ(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &value), cudaSuccess);
  EXPECT_EQ(value, 10u);
  EXPECT_EQ(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &value), cudaSuccess);
  EXPECT_EQ(value, 1000u);
  EXPECT_EQ(cudaMemPoolTrimTo(pool, 0), cudaSuccess);
  EXPECT_EQ(cudaMemPoolTrimTo(nullptr, 0), cudaErrorInvalidValue);
}

}  // namespace
}  // namespace joule::test
