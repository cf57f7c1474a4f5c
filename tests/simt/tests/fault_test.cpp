// SPDX-License-Identifier: MIT
//
// Wrong kernels: each must be caught, and the text must say what is wrong.
#include <csignal>
#include <string>

#include "joule/tests/simt/device_array.h"
#include "joule/tests/simt/sanitizer.h"

namespace joule::test {
namespace {

constexpr unsigned kAll = 0xFFFFFFFFu;

class SimtFault : public Simt {
 protected:
  /// The kernel that was queued fails, says so, and so does every later call until reset().
  void expect_report(cudaError_t queued, const std::string& text) {
    EXPECT_EQ(finished(queued), cudaErrorLaunchFailure);
    EXPECT_NE(::simt::last_report().find(text), std::string::npos) << ::simt::last_report();
    void* pointer = nullptr;
    EXPECT_EQ(cudaMalloc(&pointer, 4), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
    ::simt::reset();
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  }
};

#define NEEDS_ADDRESS_SANITIZER() \
  if (!joule::simt::kAddressSanitizer) GTEST_SKIP() << "only AddressSanitizer sees it"

__global__ void some_wait(unsigned count) {
  if (threadIdx.x < count) __syncthreads();
}

TEST_F(SimtFault, SomeThreadsExitInsteadOfWaiting) {
  expect_report(launch({2, 64}, some_wait, 31),
                "divergent __syncthreads: 31 of 64 threads of block (");
}

TEST_F(SimtFault, TheTextNamesAThreadThatHasExited) {
  ::simt::set_ascending_order();
  expect_report(launch({1, 64}, some_wait, 63), "; thread (63,0,0) of block (0,0,0) has exited");
}

__global__ void two_barriers() {
  if (threadIdx.x < 31)
    __syncthreads();
  else
    __syncthreads();
}

TEST_F(SimtFault, ThreadsWaitAtDifferentBarriers) {
  ::simt::set_ascending_order();
  expect_report(launch({1, 64}, two_barriers), "thread (31,0,0) of block (0,0,0) came to ");
}

__global__ void unguarded_shuffle(const float* x, float* y, unsigned n) {
  if (threadIdx.x < n) y[threadIdx.x] = __shfl_down_sync(kAll, x[threadIdx.x], 1u);
}

TEST_F(SimtFault, AShuffleWithoutTheLanesThatItsMaskNames) {
  const DeviceArray<float> x(32), y(32);
  expect_report(launch({1, 32}, unguarded_shuffle, x.get(), y.get(), 20),
                "the mask names lane 20, which has exited");
}

TEST_F(SimtFault, AWholeMaskInAPartOfAWarp) {
  const DeviceArray<float> x(32), y(32);
  expect_report(launch({1, 20}, unguarded_shuffle, x.get(), y.get(), 20),
                "the mask names lane 20, which does not exist: the block has 20 threads");
}

__global__ void ballot_of_others() {
  if (threadIdx.x == 3) __ballot_sync(0x7u, 1);
}

TEST_F(SimtFault, ALaneThatItsMaskLeavesOut) {
  expect_report(
      launch({1, 32}, ballot_of_others),
      "lane 3, thread (3,0,0) of block (0,0,0): the mask leaves out the lane that calls it");
}

__global__ void two_primitives() {
  if (threadIdx.x < 16)
    __syncwarp();
  else
    __ballot_sync(kAll, 1);
}

TEST_F(SimtFault, LanesCallDifferentPrimitives) {
  ::simt::set_ascending_order();
  expect_report(launch({1, 32}, two_primitives),
                "names lane 0, which calls __syncwarp with mask 0xffffffff at ");
}

__global__ void two_masks() { __syncwarp(threadIdx.x < 16 ? kAll : 0xFFFF0000u | threadIdx.x); }

TEST_F(SimtFault, LanesNameDifferentMasks) {
  expect_report(launch({1, 32}, two_masks), "the mask ");
}

__global__ void shuffle_against_barrier(int* out) {
  if (threadIdx.x < 16)
    out[threadIdx.x] = __shfl_sync(kAll, 1, 0);
  else
    __syncthreads();
}

TEST_F(SimtFault, ALaneWaitsAtABarrierInstead) {
  const DeviceArray<int> out(32);
  expect_report(launch({1, 32}, shuffle_against_barrier, out.get()),
                "the mask names lane 16, which waits at the __syncthreads at ");
}

__global__ void throws() {
  if (threadIdx.x == 40) throw 1;
  __syncthreads();
}

TEST_F(SimtFault, AnExceptionLeavesTheKernel) {
  expect_report(launch({1, 64}, throws),
                "an exception left the kernel in thread (40,0,0) of block (0,0,0)");
}

int passed = 0;  // on the host, so that it outlives the device

__global__ void pass_barrier(unsigned count) {
  if (threadIdx.x < count) {
    __syncthreads();
    atomicAdd(&passed, 1);
  }
}

TEST_F(SimtFault, NothingRunsBehindABarrierThatFailed) {
  ASSERT_EQ(finished(launch({1, 64}, pass_barrier, 64)), cudaSuccess);
  EXPECT_EQ(passed, 64);
  ASSERT_EQ(finished(launch({1, 64}, pass_barrier, 63)), cudaErrorLaunchFailure);
  EXPECT_EQ(passed, 64);
  ::simt::reset();
}

__global__ void count_threads(unsigned* count) {
  atomicAdd(count, 1u);
  __syncthreads();
}

TEST_F(SimtFault, TheExecutorWorksAfterAFailure) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(finished(launch({1, 1024}, some_wait, 1000)), cudaErrorLaunchFailure);
    ::simt::reset();
    const DeviceArray<unsigned> count({0});
    ASSERT_EQ(launch({3, 1024}, count_threads, count.get()), cudaSuccess);
    EXPECT_EQ(count.values()[0], 3072u);
  }
}

// What the sanitizer ends the program for.

using SimtDeathTest = SimtFault;

__global__ void write_at(char* x, long long i) { x[i] = 1; }

TEST_F(SimtDeathTest, AWriteBesideGlobalMemory) {
  NEEDS_ADDRESS_SANITIZER();
  const DeviceArray<char> x(1003), beside(1003);
  ASSERT_EQ(launch({}, write_at, x.get(), 1002), cudaSuccess);
  EXPECT_DEATH(finished(launch({}, write_at, x.get(), 1003)), "AddressSanitizer");
  EXPECT_DEATH(finished(launch({}, write_at, x.get(), -1)), "AddressSanitizer");
  const DeviceArray<char> whole(1024), neighbour(1024);
  EXPECT_DEATH(finished(launch({}, write_at, whole.get(), 1024)), "AddressSanitizer");
}

TEST_F(SimtDeathTest, AWriteToFreedMemory) {
  NEEDS_ADDRESS_SANITIZER();
  char* x = nullptr;
  ASSERT_EQ(cudaMalloc(&x, 1000), cudaSuccess);
  ASSERT_EQ(cudaFree(x), cudaSuccess);
  const DeviceArray<char> next(1000);  // does not get the same place
  EXPECT_DEATH(finished(launch({}, write_at, x, 5)), "AddressSanitizer");
}

__global__ void write_static_shared(int* out, unsigned i) {
  __shared__ int s[33];
  s[i] = 1;
  *out = s[i];
}

TEST_F(SimtDeathTest, AWriteBesideStaticSharedMemory) {
  NEEDS_ADDRESS_SANITIZER();
  const DeviceArray<int> out(1);
  ASSERT_EQ(launch({}, write_static_shared, out.get(), 32), cudaSuccess);
  EXPECT_DEATH(finished(launch({}, write_static_shared, out.get(), 33)), "Sanitizer|runtime error");
}

__global__ void write_dynamic_shared(unsigned i) {
  static_cast<volatile char*>(::simt::dynamic_shared())[i] = 1;
}

TEST_F(SimtDeathTest, AWriteBesideDynamicSharedMemory) {
  NEEDS_ADDRESS_SANITIZER();
  ASSERT_EQ(launch({1, 1, 101}, write_dynamic_shared, 100), cudaSuccess);
  EXPECT_DEATH(finished(launch({1, 1, 101}, write_dynamic_shared, 101)), "AddressSanitizer");
  EXPECT_DEATH(finished(launch({1, 1, 0}, write_dynamic_shared, 0)), "AddressSanitizer");
}

TEST_F(SimtDeathTest, TheHostTouchesDeviceMemory) {
  const DeviceArray<int> x({1});
  EXPECT_DEATH(*const_cast<volatile int*>(x.get()) = 2, "");
  ASSERT_EQ(launch({}, some_wait, 0), cudaSuccess);
  EXPECT_DEATH(*const_cast<volatile int*>(x.get()) = 2, "");
  EXPECT_EQ(x.values()[0], 1);
}

TEST_F(SimtFault, WithoutTheGuardTheHostTouchesDeviceMemory) {
  const DeviceArray<int> x({1});
  ::simt::set_guard(false);
  *x.get() = 2;
  ::simt::set_guard(true);
  EXPECT_EQ(x.values()[0], 2);
}

}  // namespace
}  // namespace joule::test
