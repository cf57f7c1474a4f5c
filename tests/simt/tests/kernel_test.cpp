// SPDX-License-Identifier: MIT
//
// What a kernel sees: who it is, its arguments, its shared memory, and the order of threads.
#include <algorithm>
#include <cfenv>
#include <cstdint>
#include <numeric>
#include <set>
#include <tuple>

#include "joule/tests/simt/device_array.h"
#include "joule/tests/simt/sanitizer.h"

namespace joule::test {
namespace {

#define PLANTS_A_RACE() \
  if (joule::simt::kThreadSanitizer) GTEST_SKIP() << "ThreadSanitizer would report it"

struct Place {
  uint3 thread, block;
  dim3 block_dim, grid_dim;
};

__global__ void write_place(Place* places) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  places[block * blockDim.x * blockDim.y * blockDim.z + thread] = {threadIdx, blockIdx, blockDim,
                                                                   gridDim};
}

TEST_F(Simt, EveryThreadOfEveryBlockRunsOnceAndKnowsItsPlace) {
  const dim3 grid(3, 2, 2), block(5, 3, 4);
  DeviceArray<Place> device(12 * 60);
  ASSERT_EQ(launch({grid, block}, write_place, device.get()), cudaSuccess);
  const std::vector<Place> places = device.values();
  std::size_t i = 0;
  for (unsigned bz = 0; bz < 2; ++bz)
    for (unsigned by = 0; by < 2; ++by)
      for (unsigned bx = 0; bx < 3; ++bx)
        for (unsigned tz = 0; tz < 4; ++tz)
          for (unsigned ty = 0; ty < 3; ++ty)
            for (unsigned tx = 0; tx < 5; ++tx, ++i) {
              const Place& p = places[i];
              EXPECT_EQ(std::tie(p.thread.x, p.thread.y, p.thread.z), std::tie(tx, ty, tz));
              EXPECT_EQ(std::tie(p.block.x, p.block.y, p.block.z), std::tie(bx, by, bz));
              EXPECT_EQ(p.block_dim.y, 3u);
              EXPECT_EQ(p.grid_dim.z, 2u);
            }
}

__global__ void place_after_barrier(unsigned* wrong) {
  const uint3 before = threadIdx;
  __syncthreads();
  if (before.x != threadIdx.x || before.y != threadIdx.y) atomicAdd(wrong, 1u);
}

TEST_F(Simt, AThreadIsItselfAfterABarrier) {
  DeviceArray<unsigned> wrong({0});
  ASSERT_EQ(launch({4, dim3(16, 16)}, place_after_barrier, wrong.get()), cudaSuccess);
  EXPECT_EQ(wrong.values()[0], 0u);
}

struct Operands {
  const float* x;
  float scale;
};
__global__ void scaled(Operands operands, float* y, std::int64_t n) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < n) y[i] = operands.scale * operands.x[i];
}

TEST_F(Simt, ArgumentsAreConvertedAndPassedByValue) {
  DeviceArray<float> x({1, 2, 3}), y(3);
  const cudaLaunchConfig_t config{1, 32, 0, nullptr, nullptr, 0};
  ASSERT_EQ(cudaLaunchKernelEx(&config, scaled, Operands{x.get(), 2.0f}, y.get(), 3), cudaSuccess);
  EXPECT_EQ(y.values(), (std::vector<float>{2, 4, 6}));
}

__global__ void look_at_dynamic_shared(unsigned* bits, unsigned n) {
  auto* const shared = static_cast<unsigned*>(::simt::dynamic_shared());
  if (threadIdx.x == 0)
    for (unsigned i = 0; i < n; ++i) bits[blockIdx.x * n + i] = shared[i];
  __syncthreads();
  shared[threadIdx.x] = 5;
}

TEST_F(Simt, DynamicSharedMemoryIsGarbageInEveryBlock) {
  DeviceArray<unsigned> bits(2 * 33);
  ASSERT_EQ(launch({2, 33, 33 * 4}, look_at_dynamic_shared, bits.get(), 33), cudaSuccess);
  EXPECT_EQ(bits.values(), std::vector<unsigned>(66, 0xFFFFFFFFu));
}

__global__ void alignment_of_dynamic_shared(unsigned long long* address) {
  *address = reinterpret_cast<std::uintptr_t>(::simt::dynamic_shared());
}

TEST_F(Simt, DynamicSharedMemoryIsAligned) {
  DeviceArray<unsigned long long> address(1);
  ASSERT_EQ(launch({1, 1, 4}, alignment_of_dynamic_shared, address.get()), cudaSuccess);
  EXPECT_EQ(address.values()[0] % 128, 0u);
}

__global__ void reverse_through_shared(const int* x, int* y) {
  __shared__ int s[256];
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}

__global__ void reverse_without_barrier(const int* x, int* y) {
  auto* const s = static_cast<int*>(::simt::dynamic_shared());
  s[threadIdx.x] = x[threadIdx.x];
  y[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}

std::vector<int> iota(int n) {
  std::vector<int> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

TEST_F(Simt, BarriersOrderSharedMemory) {
  const DeviceArray<int> x(iota(256)), y(256);
  std::vector<int> reversed = iota(256);
  std::reverse(reversed.begin(), reversed.end());
  for (unsigned seed = 0; seed < 8; ++seed) {
    ::simt::set_seed(seed);
    ASSERT_EQ(launch({1, 256}, reverse_through_shared, x.get(), y.get()), cudaSuccess);
    EXPECT_EQ(y.values(), reversed);
  }
}

TEST_F(Simt, AMissingBarrierShowsInEveryOrder) {
  PLANTS_A_RACE();
  const DeviceArray<int> x(iota(256)), y(256);
  std::vector<int> reversed = iota(256);
  std::reverse(reversed.begin(), reversed.end());
  for (unsigned seed = 0; seed < 8; ++seed) {
    ::simt::set_seed(seed);
    ASSERT_EQ(launch({1, 256, 1024}, reverse_without_barrier, x.get(), y.get()), cudaSuccess);
    EXPECT_NE(y.values(), reversed);
  }
}

// The race after a barrier: some threads write again before others have read.
__global__ void shift_twice(const int* x, int* y, bool guarded) {
  auto* const s = static_cast<int*>(::simt::dynamic_shared());
  const unsigned next = (threadIdx.x + 1) % blockDim.x;
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  const int value = s[next];
  if (guarded) __syncthreads();
  s[threadIdx.x] = value;
  __syncthreads();
  y[threadIdx.x] = s[next];
}

TEST_F(Simt, AMissingBarrierBeforeAnOverwriteShows) {
  PLANTS_A_RACE();
  const DeviceArray<int> x(iota(64)), y(64);
  std::vector<int> shifted = iota(64);
  std::rotate(shifted.begin(), shifted.begin() + 2, shifted.end());
  for (unsigned seed = 0; seed < 8; ++seed) {
    ::simt::set_seed(seed);
    ASSERT_EQ(launch({1, 64, 256}, shift_twice, x.get(), y.get(), true), cudaSuccess);
    EXPECT_EQ(y.values(), shifted);
    ASSERT_EQ(launch({1, 64, 256}, shift_twice, x.get(), y.get(), false), cudaSuccess);
    EXPECT_NE(y.values(), shifted);
  }
}

__global__ void last_writer(unsigned* winner) { *winner = blockIdx.x * blockDim.x + threadIdx.x; }

TEST_F(Simt, ARaceDependsOnTheSeedAndOnNothingElse) {
  PLANTS_A_RACE();
  const DeviceArray<unsigned> winner(1);
  std::set<unsigned> of_threads, of_blocks;
  for (unsigned seed = 0; seed < 16; ++seed) {
    ::simt::set_seed(seed);
    ASSERT_EQ(launch({1, 96}, last_writer, winner.get()), cudaSuccess);
    const unsigned first = winner.values()[0];
    of_threads.insert(first);
    ASSERT_EQ(launch({1, 96}, last_writer, winner.get()), cudaSuccess);
    EXPECT_EQ(winner.values()[0], first);
    ASSERT_EQ(launch({50, 1}, last_writer, winner.get()), cudaSuccess);
    of_blocks.insert(winner.values()[0]);
  }
  EXPECT_GT(of_threads.size(), 8u);
  EXPECT_GT(of_blocks.size(), 8u);
}

__global__ void append(unsigned* count, unsigned* order) {
  order[atomicAdd(count, 1u)] = blockIdx.x * blockDim.x + threadIdx.x;
  __syncthreads();
  order[atomicAdd(count, 1u)] = blockIdx.x * blockDim.x + threadIdx.x;
}

TEST_F(Simt, AscendingOrderIsAscendingAfterBarriersToo) {
  const DeviceArray<unsigned> count({0}), order(2 * 2 * 40);
  ::simt::set_ascending_order();
  ASSERT_EQ(launch({2, 40}, append, count.get(), order.get()), cudaSuccess);
  const std::vector<unsigned> seen = order.values();
  for (unsigned i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i / 80 * 40 + i % 40);
}

__global__ void large_arrays_on_the_stack(float* y) {
  float values[4096];
  for (int i = 0; i < 4096; ++i) values[i] = static_cast<float>(i);
  __syncthreads();
  y[threadIdx.x] = values[threadIdx.x * 13];
}

TEST_F(Simt, LocalArraysLiveThroughBarriers) {
  const DeviceArray<float> y(256);
  ASSERT_EQ(launch({1, 256}, large_arrays_on_the_stack, y.get()), cudaSuccess);
  const std::vector<float> seen = y.values();
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<float>(13 * i));
}

__global__ void add_small(float* sums, float x) {
  __syncthreads();
  sums[threadIdx.x] = 1.0f + x;
}

TEST_F(Simt, ArithmeticIsAsTheHostThreadHasSetIt) {
  const DeviceArray<float> sums(64);
  for (const int mode : {FE_UPWARD, FE_TONEAREST, FE_UPWARD}) {
    ASSERT_EQ(std::fesetround(mode), 0);
    const cudaError_t status = launch({1, 64}, add_small, sums.get(), 0x1p-30f);
    ASSERT_EQ(std::fesetround(FE_TONEAREST), 0);
    ASSERT_EQ(status, cudaSuccess);
    EXPECT_EQ(sums.values(), std::vector<float>(64, mode == FE_UPWARD ? 1 + 0x1p-23f : 1.0f));
  }
}

__global__ void ticks(long long* passed) {
  const long long start = clock64();
  passed[threadIdx.x] = clock64() - start;
}

TEST_F(Simt, TheClockGrows) {
  const DeviceArray<long long> passed(4);
  ASSERT_EQ(launch({1, 4}, ticks, passed.get()), cudaSuccess);
  for (const long long t : passed.values()) EXPECT_GT(t, 0);
}

}  // namespace
}  // namespace joule::test
