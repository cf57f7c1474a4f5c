// SPDX-License-Identifier: MIT
#include "joule/tests/simt/runtime.h"

#include <cstdio>

#include "joule/tests/simt/arena.h"
#include "joule/tests/simt/block.h"
#include "joule/tests/simt/queue.h"
#include "joule/tests/simt/simt.h"
#include "joule/tests/simt/stream.h"

namespace joule::simt {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

struct ErrorText {
  cudaError_t error;
  const char *name, *text;
};
#define TEXT(error, text) \
  { error, #error, text }
constexpr ErrorText kErrors[] = {
    TEXT(cudaSuccess, "no error"),
    TEXT(cudaErrorInvalidValue, "invalid argument"),
    TEXT(cudaErrorMemoryAllocation, "out of memory"),
    TEXT(cudaErrorInitializationError, "initialization error"),
    TEXT(cudaErrorCudartUnloading, "driver shutting down"),
    TEXT(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    TEXT(cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy"),
    TEXT(cudaErrorInsufficientDriver,
         "CUDA driver version is insufficient for CUDA runtime version"),
    TEXT(cudaErrorDevicesUnavailable, "CUDA-capable device(s) is/are busy or unavailable"),
    TEXT(cudaErrorInvalidDeviceFunction, "invalid device function"),
    TEXT(cudaErrorNoDevice, "no CUDA-capable device is detected"),
    TEXT(cudaErrorInvalidDevice, "invalid device ordinal"),
    TEXT(cudaErrorNoKernelImageForDevice,
         "no kernel image is available for execution on the device"),
    TEXT(cudaErrorECCUncorrectable, "uncorrectable ECC error encountered"),
    TEXT(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    TEXT(cudaErrorNotReady, "device not ready"),
    TEXT(cudaErrorIllegalAddress, "an illegal memory access was encountered"),
    TEXT(cudaErrorLaunchOutOfResources, "too many resources requested for launch"),
    TEXT(cudaErrorLaunchTimeout, "the launch timed out and was terminated"),
    TEXT(cudaErrorAssert, "device-side assert triggered"),
    TEXT(cudaErrorMisalignedAddress, "misaligned address"),
    TEXT(cudaErrorLaunchFailure, "unspecified launch failure"),
    TEXT(cudaErrorNotPermitted, "operation not permitted"),
    TEXT(cudaErrorNotSupported, "operation not supported"),
    TEXT(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    TEXT(cudaErrorStreamCaptureInvalidated,
         "operation failed due to a previous error during capture"),
    TEXT(cudaErrorStreamCaptureMerge,
         "operation would result in a merge of separate capture sequences"),
    TEXT(cudaErrorStreamCaptureUnmatched, "capture was not ended in the same stream as it began"),
    TEXT(cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work"),
    TEXT(cudaErrorStreamCaptureIsolation,
         "dependency created on uncaptured work in another stream"),
    TEXT(cudaErrorStreamCaptureImplicit,
         "operation would make the legacy stream depend on a capturing blocking stream"),
    TEXT(cudaErrorCapturedEvent,
         "operation not permitted on an event last recorded in a capturing stream"),
    TEXT(cudaErrorStreamCaptureWrongThread,
         "attempt to terminate a thread-local capture sequence from another thread"),
    TEXT(cudaErrorUnknown, "unknown error"),
};
#undef TEXT

const ErrorText* find(cudaError_t error) {
  for (const ErrorText& known : kErrors)
    if (known.error == error) return &known;
  return nullptr;
}

}  // namespace

Runtime& Runtime::instance() {
  static Runtime* const runtime =
      new Runtime;  // outlives every destructor that frees device memory
  return *runtime;
}

void fail_device(cudaError_t error, const std::string& report) {
  std::fprintf(stderr, "simt: %s\n", report.c_str());
  Runtime& runtime = Runtime::instance();
  runtime.last_report = report;
  runtime.sticky = error;
}

cudaError_t obstacle(const char* function) {
  Runtime& runtime = Runtime::instance();
  if (runtime.sticky) return runtime.sticky;
  if (runtime.in_host_function) return cudaErrorNotPermitted;
  const auto it = runtime.injections.find(function);
  if (it != runtime.injections.end() && it->second.calls-- == 0) {
    const cudaError_t error = it->second.error;
    runtime.injections.erase(it);
    return error;
  }
  return runtime.device_count == 0 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t recorded(cudaError_t error) {
  if (error) last_error = error;
  return error;
}

}  // namespace joule::simt

cudaError_t cudaPeekAtLastError() {
  joule::simt::Runtime& runtime = joule::simt::Runtime::instance();
  const std::lock_guard lock(runtime.mutex);
  return runtime.sticky ? runtime.sticky : joule::simt::last_error;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  joule::simt::last_error = cudaSuccess;
  return error;
}

const char* cudaGetErrorName(cudaError_t error) {
  const auto* const known = joule::simt::find(error);
  return known ? known->name : "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  const auto* const known = joule::simt::find(error);
  return known ? known->text : "unrecognized error code";
}

namespace simt {

using joule::simt::Arena;
using joule::simt::Block;
using joule::simt::Runtime;
using joule::simt::Scheduler;

void reset() {
  Runtime& runtime = Runtime::instance();
  const std::lock_guard lock(runtime.mutex);
  Scheduler::instance().clear();
  joule::simt::destroy_streams();
  joule::simt::free_pinned();
  Arena::instance().release_all();
  Arena::instance().set_total_bytes(std::size_t{2} << 30);
  runtime.device_count = 1;
  runtime.sticky = cudaSuccess;
  runtime.injections.clear();
  runtime.last_report.clear();
  runtime.max_dynamic_shared.clear();
  runtime.last_blocks = 0;
  runtime.last_nodes = 0;
  joule::simt::last_error = cudaSuccess;
}

std::string last_report() { return Runtime::instance().last_report; }
void set_seed(std::uint64_t seed) {
  Block::instance().order().shuffle(seed);
  Scheduler::instance().shuffle(seed);
}
void set_ascending_order() {
  Block::instance().order().ascend();
  Scheduler::instance().ascend();
}
void set_immediate(bool immediate) { Scheduler::instance().set_immediate(immediate); }
std::size_t allocated_bytes() { return Arena::instance().allocated_bytes(); }
void set_memory_bytes(std::size_t bytes) { Arena::instance().set_total_bytes(bytes); }
std::size_t last_blocks() { return Runtime::instance().last_blocks; }
std::size_t last_nodes() { return Runtime::instance().last_nodes; }
void set_guard(bool guard) {
  const std::lock_guard lock(Runtime::instance().mutex);
  Scheduler::instance().run_all();  // the host may look at it now
  Arena::instance().set_guard(guard);
}
void set_device_count(int count) { Runtime::instance().device_count = count; }
void fail(const std::string& function, cudaError_t error, int calls) {
  Runtime::instance().injections[function] = {calls, error};
}
void lose_device(cudaError_t error) { Runtime::instance().sticky = error; }

}  // namespace simt
