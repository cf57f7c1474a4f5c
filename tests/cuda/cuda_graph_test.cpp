// SPDX-License-Identifier: MIT
// Times of what runs inside a graph, and graphs without the nodes that take them: on the executor
// of tests/simt, with work that takes as long as the test says.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/cuda/check.h"
#include "joule/core/cuda/event_nodes.h"
#include "joule/core/cuda/launch.h"
#include "joule/tests/simt/simt.h"

namespace joule {
namespace {

using namespace std::chrono_literals;
using Durations = std::vector<std::chrono::milliseconds>;

void sleep(void* duration) {
  std::this_thread::sleep_for(*static_cast<std::chrono::milliseconds*>(duration));
}

/// Sections that sleep; each launch reads the durations anew.
std::unique_ptr<DeviceGraph> capture_sections(Durations& durations) {
  return backend(Device::cuda).capture(durations.size(), [&] {
    for (std::chrono::milliseconds& duration : durations) {
      Tally tally;
      const OpTimer timer(Device::cuda, &tally);
      cuda::check(cudaLaunchHostFunc(cuda::stream(), sleep, &duration), "cudaLaunchHostFunc");
      timer.stop();
    }
  });
}

TEST(CudaGraph, TheTimesAreThoseOfTheLaunch) {
  constexpr std::int64_t kNanoseconds = 1000000;
  Durations durations = {0ms, 200ms};
  const auto graph = capture_sections(durations);
  const std::vector<std::int64_t> first = graph->launch_timed(0, {});
  ASSERT_EQ(first.size(), 2u);
  EXPECT_LT(first[0], first[1]);
  EXPECT_GE(first[1], 200 * kNanoseconds);
  EXPECT_EQ(simt::last_nodes(), 6u) << "of each section the work and two events";
  durations = {300ms, 0ms};
  graph->launch(0, {});  // runs no later than the next launch, and leaves no times
  EXPECT_EQ(simt::last_nodes(), 2u);
  synchronize(Device::cuda);
  durations = {100ms, 0ms};
  const std::vector<std::int64_t> second = graph->launch_timed(0, {});
  ASSERT_EQ(second.size(), 2u);
  EXPECT_GE(second[0], 100 * kNanoseconds);
  EXPECT_LT(second[0], 300 * kNanoseconds);
  EXPECT_LT(second[1], second[0]);
}

TEST(CudaGraph, WithoutSectionsThereAreNoTimes) {
  Durations none;
  EXPECT_TRUE(capture_sections(none)->launch_timed(0, {}).empty());
}

TEST(CudaGraph, AnEventThatIsRefusedIsNamed) {
  Durations durations = {0ms};
  simt::fail("cudaEventRecordWithFlags", cudaErrorNotSupported);
  try {
    capture_sections(durations);
    ADD_FAILURE() << "no error";
  } catch (const DeviceError& error) {
    EXPECT_EQ(std::string(error.what()).find("cudaEventRecordWithFlags failed: "), 0u);
  }
  EXPECT_EQ(capture_sections(durations)->launch_timed(0, {}).size(), 1u);
}

__global__ void append(int* to, int digit) { *to = 10 * *to + digit; }

/// A graph of four kernels, of which 2 and 3 are in branches, and an event before and after each.
class CudaGraphNodes : public testing::Test {
 protected:
  void SetUp() override {
    for (cudaStream_t* const stream : {&stream_, &other_}) {
      cuda::check(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), "");
    }
    cuda::check(cudaEventCreate(&event_), "");
    cuda::check(cudaMalloc(&digits_, sizeof(int)), "");
  }
  void TearDown() override { cuda::check(cudaFree(digits_), ""); }

  void run(cudaStream_t stream, int digit) {
    const auto record = [&] {
      cuda::check(cudaEventRecordWithFlags(event_, stream, cudaEventRecordExternal), "");
    };
    record();
    cudaLaunchConfig_t config{1, 1, 0, stream, nullptr, 0};
    cuda::check(cudaLaunchKernelEx(&config, append, digits_, digit), "");
    record();
  }
  void wait(cudaStream_t stream, cudaStream_t other) {
    cudaEvent_t event = nullptr;
    cuda::check(cudaEventCreate(&event), "");
    cuda::check(cudaEventRecord(event, other), "");
    cuda::check(cudaStreamWaitEvent(stream, event), "");
  }
  cudaGraph_t capture() {
    cudaGraph_t graph = nullptr;
    cuda::check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "");
    run(stream_, 1);
    wait(other_, stream_);
    run(stream_, 2);
    run(other_, 3);
    wait(stream_, other_);
    run(stream_, 4);
    cuda::check(cudaStreamEndCapture(stream_, &graph), "");
    return graph;
  }
  int result_of(cudaGraph_t graph) {
    cudaGraphExec_t exec = nullptr;
    int digits = 0;
    cuda::check(cudaMemset(digits_, 0, sizeof digits), "");
    cuda::check(cudaDeviceSynchronize(), "");
    cuda::check(cudaGraphInstantiate(&exec, graph), "");
    cuda::check(cudaGraphLaunch(exec, stream_), "");
    cuda::check(cudaStreamSynchronize(stream_), "");
    cuda::check(cudaMemcpy(&digits, digits_, sizeof digits, cudaMemcpyDeviceToHost), "");
    cuda::check(cudaGraphExecDestroy(exec), "");
    return digits;
  }

  cudaStream_t stream_ = nullptr, other_ = nullptr;
  cudaEvent_t event_ = nullptr;
  int* digits_ = nullptr;
};

TEST_F(CudaGraphNodes, WhatIsLeftKeepsItsOrder) {
  const cudaGraph_t graph = capture();
  std::size_t nodes = 0, edges = 0;
  cuda::check(cudaGraphGetNodes(graph, nullptr, &nodes), "");
  EXPECT_EQ(nodes, 12u);
  cuda::remove_event_nodes(graph);
  cuda::check(cudaGraphGetNodes(graph, nullptr, &nodes), "");
  EXPECT_EQ(nodes, 4u);
  cuda::check(cudaGraphGetEdges(graph, nullptr, nullptr, nullptr, &edges), "");
  EXPECT_EQ(edges, 4u);
  std::set<int> seen;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    simt::set_seed(seed);
    seen.insert(result_of(graph));
  }
  EXPECT_EQ(seen, (std::set{1234, 1324}));
}

}  // namespace
}  // namespace joule
