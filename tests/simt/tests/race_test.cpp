// SPDX-License-Identifier: MIT
//
// Races that happen to end well here: ThreadSanitizer sees them.
#include <string>

#include "joule/tests/simt/device_array.h"
#include "joule/tests/simt/sanitizer.h"

extern "C" const char* __tsan_default_options() { return "halt_on_error=1"; }

namespace joule::test {
namespace {

constexpr unsigned kAll = 0xFFFFFFFFu;

enum class Guard { kNone, kBarrier, kSyncwarp, kShuffle };

__device__ void wait_at(Guard guard) {
  if (guard == Guard::kBarrier) __syncthreads();
  if (guard == Guard::kSyncwarp) __syncwarp();
  if (guard == Guard::kShuffle) __shfl_sync(kAll, 0, 0);
}

__global__ void exchange(int* x, Guard guard, unsigned distance) {
  for (int round = 0; round < 3; ++round) {
    x[threadIdx.x] = round;
    wait_at(guard);
    const int other = x[threadIdx.x ^ distance];
    wait_at(guard);
    if (other != round) x[threadIdx.x] = 100;
  }
}

__global__ void count(int* sums, bool atomic) {
  if (atomic)
    atomicAdd(sums, 1);
  else
    *sums += 1;
}

__global__ void count_in_shared(int* out) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, 1);
  __syncthreads();
  if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

TEST_F(Simt, OrderedAccessesAreNoRace) {
  const DeviceArray<int> x(256);
  EXPECT_EQ(launch({1, 256}, exchange, x.get(), Guard::kBarrier, 128), cudaSuccess);
  EXPECT_EQ(launch({1, 256}, exchange, x.get(), Guard::kSyncwarp, 31), cudaSuccess);
  EXPECT_EQ(launch({1, 256}, count, x.get(), true), cudaSuccess);
  EXPECT_EQ(launch({8, 256}, count_in_shared, x.get()), cudaSuccess);
  EXPECT_EQ(launch({}, count, x.get(), false), cudaSuccess);
  EXPECT_EQ(x.values()[0], 257);
}

class SimtRaceDeathTest : public Simt {
 protected:
  void SetUp() override {
    Simt::SetUp();
    if (!joule::simt::kThreadSanitizer) GTEST_SKIP() << "only ThreadSanitizer sees it";
  }
};

TEST_F(SimtRaceDeathTest, AnUpdateThatIsNotAtomic) {
  const DeviceArray<int> x({0});
  EXPECT_DEATH(finished(launch({1, 32}, count, x.get(), false)), "data race");
}

TEST_F(SimtRaceDeathTest, AMissingBarrier) {
  const DeviceArray<int> x(256);
  EXPECT_DEATH(finished(launch({1, 256}, exchange, x.get(), Guard::kNone, 128)), "data race");
}

TEST_F(SimtRaceDeathTest, ASyncwarpWhereWarpsMeet) {
  const DeviceArray<int> x(256);
  EXPECT_DEATH(finished(launch({1, 256}, exchange, x.get(), Guard::kSyncwarp, 128)), "data race");
}

TEST_F(SimtRaceDeathTest, AShuffleOrdersNoMemory) {
  const DeviceArray<int> x(256);
  EXPECT_DEATH(finished(launch({1, 256}, exchange, x.get(), Guard::kShuffle, 31)), "data race");
}

}  // namespace
}  // namespace joule::test
