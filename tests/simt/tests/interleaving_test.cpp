// SPDX-License-Identifier: MIT
//
// What streams leave open: over all seeds, everything that CUDA allows happens, and nothing else.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "joule/tests/simt/device_array.h"
#include "joule/tests/simt/sanitizer.h"

namespace joule::test {
namespace {

constexpr std::uint64_t kSeeds = 40;

__global__ void add_to(int* x, int value) { *x += value; }
__global__ void assign(int* to, const int* from) { *to = *from; }
__global__ void diverge(int* x) {
  if (threadIdx.x == 0) __syncthreads();
  if (threadIdx.x == 1) *x = 1;
}

class SimtInterleaving : public Simt {
 protected:
  void SetUp() override {
    Simt::SetUp();
    make_streams();
  }
  void make_streams() {
    for (cudaStream_t* const stream : {&stream_, &other_})
      ASSERT_EQ(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), cudaSuccess);
    ASSERT_EQ(cudaStreamCreate(&blocking_), cudaSuccess);
    ASSERT_EQ(cudaEventCreate(&event_), cudaSuccess);
  }
  /// What the body returns, with one seed after the other.
  template <class T>
  static std::set<T> outcomes(const std::function<T()>& body) {
    std::set<T> all;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      ::simt::set_seed(seed);
      all.insert(body());
    }
    return all;
  }
  static int* pinned(std::initializer_list<int> values) {
    int* memory = nullptr;
    EXPECT_EQ(cudaMallocHost(&memory, values.size() * sizeof(int)), cudaSuccess);
    std::copy(values.begin(), values.end(), memory);
    return memory;
  }

  cudaStream_t stream_ = nullptr, other_ = nullptr, blocking_ = nullptr;
  cudaEvent_t event_ = nullptr;
};

TEST_F(SimtInterleaving, AStreamThatDoesNotWaitReadsSomethingElse) {
  const auto run = [&](bool waits) {
    return outcomes<int>([&] {
      const DeviceArray<int> x({0}), y({0});
      EXPECT_EQ(launch({1, 1, 0, stream_}, add_to, x.get(), 1), cudaSuccess);
      EXPECT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
      if (waits) {
        EXPECT_EQ(cudaStreamWaitEvent(other_, event_), cudaSuccess);
      }
      EXPECT_EQ(finished(launch({1, 1, 0, other_}, assign, y.get(), x.get())), cudaSuccess);
      return y.values()[0];
    });
  };
  EXPECT_EQ(run(false), (std::set{0, 1}));
  EXPECT_EQ(run(true), std::set{1});
}

TEST_F(SimtInterleaving, AWaitIsForTheRecordOfItsTime) {
  const std::set<int> seen = outcomes<int>([&] {
    const DeviceArray<int> x({0}), y({0});
    EXPECT_EQ(launch({1, 1, 0, stream_}, add_to, x.get(), 1), cudaSuccess);
    EXPECT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
    EXPECT_EQ(cudaStreamWaitEvent(other_, event_), cudaSuccess);
    EXPECT_EQ(launch({1, 1, 0, stream_}, add_to, x.get(), 10), cudaSuccess);
    EXPECT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
    EXPECT_EQ(finished(launch({1, 1, 0, other_}, assign, y.get(), x.get())), cudaSuccess);
    return y.values()[0];
  });
  EXPECT_EQ(seen, (std::set{1, 11}));
}

TEST_F(SimtInterleaving, OneStreamKeepsItsOrder) {
  const std::set<int> seen = outcomes<int>([&] {
    const DeviceArray<int> x({0}), y({0});
    for (int i = 1; i <= 50; ++i) {
      EXPECT_EQ(launch({1, 1, 0, stream_}, add_to, x.get(), i), cudaSuccess);
      EXPECT_EQ(launch({1, 1, 0, stream_}, assign, y.get(), x.get()), cudaSuccess);
    }
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    return y.values()[0];
  });
  EXPECT_EQ(seen, std::set{50 * 51 / 2});
}

TEST_F(SimtInterleaving, TheLegacyStreamWaitsForBlockingStreamsOnly) {
  const auto run = [&](cudaStream_t stream) {
    return outcomes<int>([&] {
      const DeviceArray<int> x({0}), y({0});
      EXPECT_EQ(launch({1, 1, 0, stream}, add_to, x.get(), 1), cudaSuccess);
      EXPECT_EQ(launch({}, assign, y.get(), x.get()), cudaSuccess);
      EXPECT_EQ(launch({1, 1, 0, stream}, add_to, y.get(), 10), cudaSuccess);
      EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
      EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
      return y.values()[0];
    });
  };
  EXPECT_EQ(run(blocking_), std::set{11});
  EXPECT_EQ(run(cudaStreamPerThread), std::set{11});
  EXPECT_GT(run(stream_).size(), 1u);
}

TEST_F(SimtInterleaving, AHostBufferThatIsReusedTooEarly) {
  int* const host = pinned({1});
  const DeviceArray<int> x({0});
  ASSERT_EQ(cudaMemcpyAsync(x.get(), host, 4, cudaMemcpyHostToDevice, stream_), cudaSuccess);
  *host = 2;
  ASSERT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(x.values()[0], 2);
  ASSERT_EQ(cudaMemcpyAsync(x.get(), host, 4, cudaMemcpyHostToDevice, stream_), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  *host = 3;
  EXPECT_EQ(x.values()[0], 2);
  EXPECT_EQ(cudaFreeHost(host), cudaSuccess);
}

TEST_F(SimtInterleaving, AResultIsNotThereBeforeAWait) {
  volatile int* const host = pinned({5, 6});
  const DeviceArray<int> x({1, 2});
  const auto copy = [&] {
    return cudaMemcpyAsync(const_cast<int*>(host), x.get(), 8, cudaMemcpyDeviceToHost, stream_);
  };
  ASSERT_EQ(copy(), cudaSuccess);
  if (joule::simt::kAddressSanitizer) {
    EXPECT_DEATH(static_cast<void>(host[1]), "use-after-poison");
  } else {
    EXPECT_EQ(host[1], -1);
  }
  ASSERT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(host[1], 2);
  ASSERT_EQ(copy(), cudaSuccess);
  EXPECT_EQ(cudaFreeHost(const_cast<int*>(host)), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorIllegalAddress);
  const std::string report = ::simt::last_report();
  EXPECT_EQ(report.find("copy to 0x"), 0u) << report;
  EXPECT_NE(report.find(" (8 bytes), which is pinned memory that has been freed meanwhile"),
            std::string::npos);
  ::simt::reset();
}

// CUDA promises it.
TEST_F(SimtInterleaving, ACopyToMemoryThatIsNotPinnedWaits) {
  const DeviceArray<int> x({1});
  int host = 0, other = 0;
  EXPECT_EQ(launch({1, 1, 0, stream_}, add_to, x.get(), 1), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(&host, x.get(), 4, cudaMemcpyDeviceToHost, stream_), cudaSuccess);
  EXPECT_EQ(host, 2);
  EXPECT_EQ(cudaMemcpyAsync(&other, &host, 4, cudaMemcpyHostToHost, stream_), cudaSuccess);
  EXPECT_EQ(other, 2);
}

TEST_F(SimtInterleaving, FreedMemoryIsDeadToAStreamThatDoesNotWait) {
  const auto run = [&](bool waits) {
    return outcomes<std::string>([&]() -> std::string {
      int host = 0;
      void* memory = nullptr;
      const DeviceArray<int> y({0});
      EXPECT_EQ(cudaMallocAsync(&memory, 4, stream_), cudaSuccess);
      EXPECT_EQ(cudaMemsetAsync(memory, 1, 4, stream_), cudaSuccess);
      EXPECT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
      if (waits) {
        EXPECT_EQ(cudaStreamWaitEvent(other_, event_), cudaSuccess);
      }
      EXPECT_EQ(cudaMemcpyAsync(y.get(), memory, 4, cudaMemcpyDeviceToDevice, other_), cudaSuccess);
      EXPECT_EQ(cudaEventRecord(event_, other_), cudaSuccess);
      if (waits) {
        EXPECT_EQ(cudaStreamWaitEvent(stream_, event_), cudaSuccess);
      }
      EXPECT_EQ(cudaFreeAsync(memory, stream_), cudaSuccess);
      EXPECT_EQ(::simt::allocated_bytes(), 4u);
      if (const cudaError_t status = cudaDeviceSynchronize()) {
        EXPECT_EQ(status, cudaErrorIllegalAddress);
        const std::string report = ::simt::last_report();
        ::simt::reset();
        make_streams();
        return report.substr(report.find(" is ") + 4);
      }
      EXPECT_EQ(cudaMemcpy(&host, y.get(), 4, cudaMemcpyDeviceToHost), cudaSuccess);
      return std::to_string(host);
    });
  };
  EXPECT_EQ(run(true), std::set<std::string>{"16843009"});
  EXPECT_EQ(run(false),
            (std::set<std::string>{
                "device memory that is not allocated when the stream comes to it",  // yet, or still
                "-1",  // written too late
                "16843009"}));
}

TEST_F(SimtInterleaving, WhatFailsLaterNamesItsKernel) {
  const DeviceArray<int> x({0});
  EXPECT_EQ(launch({1, 2, 0, stream_}, diverge, x.get()), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 0, stream_}, add_to, x.get(), 1), cudaSuccess);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaStreamSynchronize(other_), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
  const std::string report = ::simt::last_report();
  EXPECT_NE(report.find("diverge(int*): divergent __syncthreads: 1 of 2 threads"),
            std::string::npos)
      << report;
  ::simt::reset();
}

TEST_F(SimtInterleaving, WhoeverAsksAgainAndAgainIsToldAtLast) {
  const std::set<bool> ready_at_once = outcomes<bool>([&] {
    int asked = 0;
    const DeviceArray<int> x({0});
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(launch({1, 1, 0, stream_}, add_to, x.get(), 1), cudaSuccess);
    EXPECT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
    for (;; ++asked) {
      const cudaError_t status = cudaEventQuery(event_);
      if (status == cudaSuccess) break;
      EXPECT_EQ(status, cudaErrorNotReady);
    }
    EXPECT_EQ(launch({1, 1, 0, other_}, add_to, x.get(), 10), cudaSuccess);
    while (cudaStreamQuery(other_) == cudaErrorNotReady) ++asked;
    EXPECT_EQ(x.values()[0], 15);
    return asked == 0;
  });
  EXPECT_TRUE(ready_at_once.contains(false));
  cudaGetLastError();
}

TEST_F(SimtInterleaving, TheQueueIsBounded) {
  int calls = 0;
  const auto count = [](void* data) { ++*static_cast<int*>(data); };
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(cudaLaunchHostFunc(stream_, count, &calls), cudaSuccess);
  EXPECT_GT(calls, 500);
  ASSERT_EQ(cudaStreamDestroy(stream_), cudaSuccess);  // does not forget the others
  EXPECT_LT(calls, 1000);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(calls, 1000);
}

/// One thread: *to = 10 * *to + digit.
__global__ void append(int* to, int digit) { *to = 10 * *to + digit; }

TEST_F(SimtInterleaving, TheBranchesOfAGraphTakeTurns) {
  const DeviceArray<int> x({0});
  cudaEvent_t join = nullptr;
  ASSERT_EQ(cudaEventCreate(&join), cudaSuccess);
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 0, stream_}, append, x.get(), 1), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(event_, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(other_, event_), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 0, stream_}, append, x.get(), 2), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 0, other_}, append, x.get(), 3), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(join, other_), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(stream_, join), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 0, stream_}, append, x.get(), 4), cudaSuccess);
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiate(&exec, graph), cudaSuccess);
  const std::set<int> seen = outcomes<int>([&] {
    EXPECT_EQ(cudaMemset(x.get(), 0, 4), cudaSuccess);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(finished(cudaGraphLaunch(exec, stream_)), cudaSuccess);
    return x.values()[0];
  });
  EXPECT_EQ(seen, (std::set{1234, 1324}));
}

TEST_F(SimtInterleaving, LaunchesOfOneGraphWaitForEachOther) {
  const DeviceArray<int> x({0});
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 0, stream_}, append, x.get(), 1), cudaSuccess);
  EXPECT_EQ(launch({1, 1, 0, stream_}, append, x.get(), 2), cudaSuccess);
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiate(&exec, graph), cudaSuccess);
  const std::set<int> seen = outcomes<int>([&] {
    EXPECT_EQ(cudaMemset(x.get(), 0, 4), cudaSuccess);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaSuccess);
    EXPECT_EQ(finished(cudaGraphLaunch(exec, other_)), cudaSuccess);
    return x.values()[0];
  });
  EXPECT_EQ(seen, std::set{1212});
}

TEST_F(SimtInterleaving, AtOnceOnRequest) {
  ::simt::set_immediate(true);
  int* const host = pinned({1});
  const DeviceArray<int> x({0});
  ASSERT_EQ(cudaMemcpyAsync(x.get(), host, 4, cudaMemcpyHostToDevice, stream_), cudaSuccess);
  *host = 2;
  ASSERT_EQ(launch({1, 1, 0, other_}, add_to, x.get(), 10), cudaSuccess);
  ASSERT_EQ(cudaMemcpyAsync(host, x.get(), 4, cudaMemcpyDeviceToHost, stream_), cudaSuccess);
  EXPECT_EQ(*host, 11);
  EXPECT_EQ(cudaFreeHost(host), cudaSuccess);
  EXPECT_EQ(launch({1, 2, 0, stream_}, diverge, x.get()), cudaErrorLaunchFailure);
  ::simt::reset();
}

}  // namespace
}  // namespace joule::test
