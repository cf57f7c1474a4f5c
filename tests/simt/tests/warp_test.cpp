// SPDX-License-Identifier: MIT
//
// Warp primitives and block votes against models written by hand.
#include <cstddef>
#include <cstdint>

#include "joule/tests/simt/device_array.h"

namespace joule::test {
namespace {

constexpr unsigned kAll = 0xFFFFFFFFu;

/// A value of the type that uses all of its bits.
template <class T>
__host__ __device__ T value_of(unsigned lane) {
  if constexpr (sizeof(T) == 8) return static_cast<T>(lane * 0x123456789ll + 77);
  return static_cast<T>(lane * 1001 + 7);
}

template <class T>
__global__ void shuffles(T* out, int width, int argument) {
  const unsigned lane = threadIdx.x;
  const T value = value_of<T>(lane);
  T* const mine = out + 4 * lane;
  mine[0] = __shfl_sync(kAll, value, argument, width);
  mine[1] = __shfl_up_sync(kAll, value, static_cast<unsigned>(argument), width);
  mine[2] = __shfl_down_sync(kAll, value, static_cast<unsigned>(argument), width);
  mine[3] = __shfl_xor_sync(kAll, value, argument, width);
}

template <class T>
void check_shuffles() {
  const DeviceArray<T> out(128);
  for (int width = 1; width <= 32; width *= 2)
    for (int argument = 0; argument < 32; ++argument) {
      ASSERT_EQ(launch({1, 32}, shuffles<T>, out.get(), width, argument), cudaSuccess);
      const std::vector<T> seen = out.values();
      for (int lane = 0; lane < 32; ++lane) {
        const int first = lane / width * width, last = first + width - 1;
        const int up = lane - argument, down = lane + argument, across = lane ^ argument;
        const int sources[] = {first + argument % width, up >= first ? up : lane,
                               down <= last ? down : lane, across <= last ? across : lane};
        for (int s = 0; s < 4; ++s)
          EXPECT_EQ(seen[static_cast<std::size_t>(4 * lane + s)],
                    value_of<T>(static_cast<unsigned>(sources[s])))
              << "shuffle " << s << ", lane " << lane << ", width " << width << ", " << argument;
      }
    }
}

TEST_F(Simt, ShufflesOfEveryTypeWidthAndArgument) {
  check_shuffles<int>();
  check_shuffles<unsigned>();
  check_shuffles<float>();
  check_shuffles<double>();
  check_shuffles<long long>();
  check_shuffles<unsigned long long>();
}

__global__ void votes(unsigned* out, unsigned mask) {
  if (!(mask >> threadIdx.x & 1)) return;
  unsigned* const mine = out + 5 * threadIdx.x;
  mine[0] = __ballot_sync(mask, threadIdx.x % 2);
  mine[1] = static_cast<unsigned>(__any_sync(mask, threadIdx.x == 31));
  mine[2] = static_cast<unsigned>(__all_sync(mask, threadIdx.x < 31));
  mine[3] = static_cast<unsigned>(__any_sync(mask, threadIdx.x > 31));
  mine[4] = static_cast<unsigned>(__all_sync(mask, threadIdx.x < 32));
}

/// What a lane of 32 wrote, `count` values each.
template <class T>
std::vector<T> of_lane(const std::vector<T>& all, unsigned lane) {
  const auto count = static_cast<std::ptrdiff_t>(all.size() / 32), first = count * lane;
  return {all.begin() + first, all.begin() + first + count};
}

TEST_F(Simt, Votes) {
  const DeviceArray<unsigned> out(5 * 32);
  for (const unsigned mask : {kAll, 0x0FF0u, 1u << 31}) {
    ASSERT_EQ(launch({1, 32}, votes, out.get(), mask), cudaSuccess) << ::simt::last_report();
    const unsigned has_31 = mask >> 31;
    for (unsigned lane = 0; lane < 32; ++lane) {
      if (mask >> lane & 1) {
        EXPECT_EQ(of_lane(out.values(), lane),
                  (std::vector<unsigned>{mask & 0xAAAAAAAAu, has_31, !has_31, 0, 1}));
      }
    }
  }
}

__global__ void reductions(int* ints, unsigned* unsigneds) {
  const int value = 10 - static_cast<int>(threadIdx.x);
  const unsigned bits = 1u << threadIdx.x;
  int* const i = ints + 3 * threadIdx.x;
  i[0] = __reduce_add_sync(kAll, value);
  i[1] = __reduce_min_sync(kAll, value);
  i[2] = __reduce_max_sync(kAll, value);
  unsigned* const u = unsigneds + 6 * threadIdx.x;
  u[0] = __reduce_add_sync(kAll, bits);
  u[1] = __reduce_min_sync(kAll, bits);
  u[2] = __reduce_max_sync(kAll, bits);
  u[3] = __reduce_or_sync(kAll, bits);
  u[4] = __reduce_and_sync(kAll, ~bits | 0xF000u);
  u[5] = __reduce_xor_sync(kAll, threadIdx.x | 32u * (threadIdx.x == 3));
}

TEST_F(Simt, Reductions) {
  const DeviceArray<int> ints(3 * 32);
  const DeviceArray<unsigned> unsigneds(6 * 32);
  ASSERT_EQ(launch({1, 32}, reductions, ints.get(), unsigneds.get()), cudaSuccess);
  for (unsigned lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(of_lane(ints.values(), lane), (std::vector<int>{320 - 31 * 16, -21, 10}));
    EXPECT_EQ(of_lane(unsigneds.values(), lane),
              (std::vector<unsigned>{kAll, 1, 1u << 31, kAll, 0xF000u, 32}));
  }
}

// Parts of a warp meet without the others, in whatever order they come.
__global__ void halves(int* out) {
  const unsigned half = threadIdx.x / 16, mask = half ? 0xFFFF0000u : 0x0000FFFFu;
  int value = static_cast<int>(threadIdx.x);
  for (unsigned round = 0; round <= 3 * half; ++round)
    for (int distance = 8; distance > 0; distance /= 2)
      value += __shfl_xor_sync(mask, value, distance);
  __syncwarp();
  out[threadIdx.x] = value;
}

TEST_F(Simt, PartsOfAWarpMeetByThemselves) {
  const DeviceArray<int> out(32);
  for (unsigned seed = 0; seed < 4; ++seed) {
    ::simt::set_seed(seed);
    ASSERT_EQ(launch({1, 32}, halves, out.get()), cudaSuccess) << ::simt::last_report();
    const std::vector<int> seen = out.values();
    for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(seen[i], i < 16 ? 120 : 376 * 16 * 16 * 16);
  }
}

__global__ void read_beyond_the_mask(unsigned* out) {
  if (threadIdx.x < 8) out[threadIdx.x] = __shfl_down_sync(0xFFu, threadIdx.x, 4u);
}

TEST_F(Simt, ALaneThatTheMaskLeavesOutGivesGarbage) {
  const DeviceArray<unsigned> out(8);
  ASSERT_EQ(launch({1, 32}, read_beyond_the_mask, out.get()), cudaSuccess);
  EXPECT_EQ(out.values(), (std::vector<unsigned>{4, 5, 6, 7, kAll, kAll, kAll, kAll}));
}

__global__ void exchange_through_memory(int* out) {
  __shared__ int s[64];
  s[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncwarp();
  out[threadIdx.x] = s[threadIdx.x ^ 31u];
}

TEST_F(Simt, SyncwarpOrdersMemory) {
  const DeviceArray<int> out(64);
  ASSERT_EQ(launch({1, 64}, exchange_through_memory, out.get()), cudaSuccess);
  const std::vector<int> seen = out.values();
  for (int i = 0; i < 64; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i ^ 31);
}

__global__ void active_masks(unsigned* mask) {
  if (threadIdx.x < 32 || threadIdx.x >= 36) return;
  __syncwarp(0xFu);
  mask[threadIdx.x - 32] = __activemask();
}

TEST_F(Simt, TheActiveMaskLeavesOutOnlyThreadsThatExited) {
  const DeviceArray<unsigned> mask(4);
  ::simt::set_ascending_order();
  ASSERT_EQ(launch({1, 40}, active_masks, mask.get()), cudaSuccess);
  EXPECT_EQ(mask.values(), (std::vector<unsigned>{0xFF, 0xFE, 0xFC, 0xF8}));
}

__global__ void block_votes(int* out) {
  out[threadIdx.x] = __syncthreads_count(threadIdx.x % 3 == 0) * 100 +
                     __syncthreads_and(threadIdx.x < blockDim.x) * 10 +
                     __syncthreads_or(threadIdx.x == 5);
  out[threadIdx.x] += 1000 * __syncthreads_and(threadIdx.x != 5) + 2000 * __syncthreads_or(0);
}

TEST_F(Simt, BlockVotes) {
  const DeviceArray<int> out(70);
  ASSERT_EQ(launch({2, 70}, block_votes, out.get()), cudaSuccess);
  EXPECT_EQ(out.values(), std::vector<int>(70, 2411));
}

}  // namespace
}  // namespace joule::test
