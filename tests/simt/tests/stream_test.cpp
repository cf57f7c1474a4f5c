// SPDX-License-Identifier: MIT
//
// Streams, events and graphs.
#include <chrono>
#include <thread>
#include <utility>

#include "joule/tests/simt/device_array.h"

namespace joule::test {
namespace {

__global__ void add_to(int* x, int value) { atomicAdd(x, value); }

class SimtStream : public Simt {
 protected:
  void SetUp() override {
    Simt::SetUp();
    ASSERT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
    ASSERT_EQ(cudaStreamCreateWithFlags(&other_, cudaStreamNonBlocking), cudaSuccess);
  }
  void begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeThreadLocal) {
    ASSERT_EQ(cudaStreamBeginCapture(stream_, mode), cudaSuccess);
  }
  /// Ends the capture, which must be valid.
  cudaGraphExec_t end() {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
    EXPECT_EQ(cudaGraphInstantiate(&exec, graph), cudaSuccess);
    EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    return exec;
  }
  /// The capture was spoilt: by a call that returned `error`.
  void expect_spoilt(cudaError_t status, cudaError_t error) {
    EXPECT_EQ(status, error);
    cudaStreamCaptureStatus state;
    EXPECT_EQ(cudaStreamIsCapturing(stream_, &state), cudaSuccess);
    EXPECT_EQ(state, cudaStreamCaptureStatusInvalidated);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(cudaStreamIsCapturing(stream_, &state), cudaSuccess);
    EXPECT_EQ(state, cudaStreamCaptureStatusNone);
  }

  cudaStream_t stream_ = nullptr, other_ = nullptr;
};

TEST_F(SimtStream, AnythingElseThanAStreamIsAnError) {
  int not_a_stream = 0;
  EXPECT_EQ(cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(&not_a_stream)),
            cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(other_), cudaSuccess);
  EXPECT_EQ(cudaStreamQuery(other_), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaSuccess);
}

TEST_F(SimtStream, EventsHoldTheTime) {
  cudaEvent_t start = nullptr, stop = nullptr, untimed = nullptr;
  ASSERT_EQ(cudaEventCreate(&start), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&stop, cudaEventBlockingSync), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming), cudaSuccess);
  float ms = 0;
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, stop), cudaErrorInvalidResourceHandle);
  ASSERT_EQ(cudaEventRecord(start, stream_), cudaSuccess);
  const auto sleep = [](void*) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  ASSERT_EQ(cudaLaunchHostFunc(stream_, sleep, nullptr), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(stop, stream_), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, stop), cudaErrorNotReady);
  ASSERT_EQ(cudaEventRecord(untimed, stream_), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(stop), cudaSuccess);
  EXPECT_EQ(cudaEventQuery(stop), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, stop), cudaSuccess);
  EXPECT_GE(ms, 2);
  EXPECT_EQ(cudaEventElapsedTime(&ms, start, untimed), cudaErrorInvalidResourceHandle);
  for (cudaEvent_t event : {start, stop, untimed}) EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(start), cudaErrorInvalidResourceHandle);
}

TEST_F(SimtStream, HostFunctionsRun) {
  int calls = 0;
  const auto count = [](void* data) { ++*static_cast<int*>(data); };
  EXPECT_EQ(finished(cudaLaunchHostFunc(stream_, count, &calls)), cudaSuccess);
  EXPECT_EQ(calls, 1);
}

TEST_F(SimtStream, AHostFunctionMustNotCallTheDevice) {
  cudaError_t status = cudaSuccess;
  const auto ask = [](void* data) { *static_cast<cudaError_t*>(data) = cudaDeviceSynchronize(); };
  EXPECT_EQ(finished(cudaLaunchHostFunc(stream_, ask, &status)), cudaSuccess);
  EXPECT_EQ(status, cudaErrorNotPermitted);
}

TEST_F(SimtStream, AGraphReplaysWhatWasCaptured) {
  const DeviceArray<int> x({0}), y({7});
  int host = 0;
  {
    begin();
    int value = 2;
    EXPECT_EQ(launch({2, 3, 0, stream_}, add_to, x.get(), value), cudaSuccess);
    value = 100;  // arguments were taken by value
    EXPECT_EQ(cudaMemcpyAsync(&host, x.get(), 4, cudaMemcpyDeviceToHost, stream_), cudaSuccess);
    EXPECT_EQ(cudaMemsetAsync(y.get(), 0, 4, stream_), cudaSuccess);
  }
  const cudaGraphExec_t exec = end();
  EXPECT_EQ(x.values()[0], 0);
  EXPECT_EQ(y.values()[0], 7);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(finished(cudaGraphLaunch(exec, stream_)), cudaSuccess);
    EXPECT_EQ(host, 12 * i);
  }
  EXPECT_EQ(y.values()[0], 0);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
  EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaErrorInvalidResourceHandle);
}

TEST_F(SimtStream, OtherStreamsRunDuringACapture) {
  const DeviceArray<int> x({0});
  begin();
  EXPECT_EQ(launch({1, 1, 0, other_}, add_to, x.get(), 1), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(other_), cudaSuccess);
  EXPECT_EQ(cudaGraphExecDestroy(end()), cudaSuccess);
  EXPECT_EQ(x.values()[0], 1);
}

TEST_F(SimtStream, AGraphAllocatesWhenItRuns) {
  void* x = nullptr;
  int host[2] = {};
  begin();
  ASSERT_EQ(cudaMallocAsync(&x, 8, stream_), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(x, 1, 8, stream_), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(host, x, 8, cudaMemcpyDeviceToHost, stream_), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(x, stream_), cudaSuccess);
  const cudaGraphExec_t exec = end();
  EXPECT_EQ(::simt::allocated_bytes(), 0u);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(host[1], 0x01010101);
  EXPECT_EQ(::simt::allocated_bytes(), 0u);
  EXPECT_EQ(cudaMemsetAsync(x, 1, 8, stream_), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
}

TEST_F(SimtStream, MemoryThatAGraphKeepsIsFreedOutside) {
  void* x = nullptr;
  begin();
  ASSERT_EQ(cudaMallocAsync(&x, 8, stream_), cudaSuccess);
  const cudaGraphExec_t exec = end();
  EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaSuccess);
  EXPECT_EQ(::simt::allocated_bytes(), 8u);
  EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaErrorInvalidValue);  // it was not freed
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(x, stream_), cudaSuccess);
}

TEST_F(SimtStream, AStreamJoinsACaptureByAnEvent) {
  const DeviceArray<int> x({0});
  cudaEvent_t fork = nullptr, join = nullptr;
  ASSERT_EQ(cudaEventCreate(&fork), cudaSuccess);
  ASSERT_EQ(cudaEventCreate(&join), cudaSuccess);
  for (const bool joined : {true, false}) {
    begin();
    ASSERT_EQ(cudaEventRecord(fork, stream_), cudaSuccess);
    ASSERT_EQ(cudaStreamWaitEvent(other_, fork), cudaSuccess);
    EXPECT_EQ(launch({1, 1, 0, other_}, add_to, x.get(), 1), cudaSuccess);
    ASSERT_EQ(cudaEventRecord(join, other_), cudaSuccess);
    EXPECT_EQ(cudaEventQuery(join), cudaErrorCapturedEvent);
    if (joined) {
      ASSERT_EQ(cudaStreamWaitEvent(stream_, join), cudaSuccess);
      const cudaGraphExec_t exec = end();
      EXPECT_EQ(x.values()[0], 0);
      EXPECT_EQ(finished(cudaGraphLaunch(exec, stream_)), cudaSuccess);
      EXPECT_EQ(x.values()[0], 1);
      EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);
    } else {
      cudaGraph_t graph = nullptr;
      EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureUnjoined);
    }
    EXPECT_EQ(cudaStreamSynchronize(other_), cudaSuccess);
  }
  EXPECT_EQ(cudaEventDestroy(fork), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(join), cudaSuccess);
}

TEST_F(SimtStream, WhatACaptureDoesNotAllow) {
  const DeviceArray<int> x({1});
  int host = 0;
  void* pointer = nullptr;
  begin();
  expect_spoilt(cudaStreamSynchronize(stream_), cudaErrorStreamCaptureUnsupported);
  begin();
  expect_spoilt(cudaStreamQuery(stream_), cudaErrorStreamCaptureUnsupported);
  begin();
  expect_spoilt(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
  begin();
  expect_spoilt(cudaMalloc(&pointer, 4), cudaErrorStreamCaptureUnsupported);
  begin();
  expect_spoilt(cudaMallocHost(&pointer, 4), cudaErrorStreamCaptureUnsupported);
  begin();
  expect_spoilt(cudaFree(x.get()), cudaErrorStreamCaptureUnsupported);
  begin();
  expect_spoilt(cudaMemcpy(&host, x.get(), 4, cudaMemcpyDeviceToHost),
                cudaErrorStreamCaptureUnsupported);
  begin();
  expect_spoilt(cudaFreeAsync(x.get(), stream_), cudaErrorInvalidValue);
  EXPECT_EQ(x.values()[0], 1);
}

TEST_F(SimtStream, NothingIsRecordedAfterAFailure) {
  const DeviceArray<int> x({1});
  begin();
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorStreamCaptureUnsupported);
  expect_spoilt(launch({1, 1, 0, stream_}, add_to, x.get(), 1), cudaErrorStreamCaptureInvalidated);
}

TEST_F(SimtStream, TheModeSaysWhomACaptureForbids) {
  void* pointer = nullptr;
  const auto allocate = [&] {
    if (const cudaError_t status = cudaMalloc(&pointer, 4)) return status;
    return cudaFree(pointer);
  };
  const auto in_a_thread = [&] {
    cudaError_t status = cudaSuccess;
    std::thread([&] { status = allocate(); }).join();
    return status;
  };
  begin(cudaStreamCaptureModeRelaxed);
  EXPECT_EQ(allocate(), cudaSuccess);
  EXPECT_EQ(cudaGraphExecDestroy(end()), cudaSuccess);
  begin(cudaStreamCaptureModeThreadLocal);
  EXPECT_EQ(in_a_thread(), cudaSuccess);
  expect_spoilt(allocate(), cudaErrorStreamCaptureUnsupported);
  begin(cudaStreamCaptureModeGlobal);
  expect_spoilt(in_a_thread(), cudaErrorStreamCaptureUnsupported);
}

TEST_F(SimtStream, TheLegacyStreamSpoilsTheCaptureOfABlockingStream) {
  const DeviceArray<int> x({1});
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeRelaxed),
            cudaErrorStreamCaptureUnsupported);
  begin();
  EXPECT_EQ(cudaMemset(x.get(), 0, 4), cudaSuccess);  // stream_ does not wait for it
  EXPECT_EQ(cudaGraphExecDestroy(end()), cudaSuccess);
  cudaStream_t blocking = nullptr;
  ASSERT_EQ(cudaStreamCreate(&blocking), cudaSuccess);
  std::swap(blocking, stream_);
  begin();
  expect_spoilt(cudaMemset(x.get(), 0, 4), cudaErrorStreamCaptureImplicit);
}

TEST_F(SimtStream, EventsOfOutsideAreNotWaitedForInACapture) {
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreate(&event), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(event, other_), cudaSuccess);
  begin();
  expect_spoilt(cudaStreamWaitEvent(stream_, event), cudaErrorStreamCaptureIsolation);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
}

}  // namespace
}  // namespace joule::test
