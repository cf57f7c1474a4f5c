// SPDX-License-Identifier: MIT
#include "joule/tests/simt/stream.h"

#include <algorithm>
#include <set>
#include <utility>

#include "joule/tests/simt/arena.h"
#include "joule/tests/simt/runtime.h"

namespace joule::simt {
namespace {

struct Handles {
  CUstream_st legacy, per_thread;
  std::map<CUstream_st*, std::unique_ptr<CUstream_st>> streams;
  std::map<CUevent_st*, std::unique_ptr<CUevent_st>> events;
  std::map<CUgraph_st*, std::unique_ptr<CUgraph_st>> graphs;
  std::map<CUgraphExec_st*, std::unique_ptr<CUgraphExec_st>> execs;
  std::set<std::shared_ptr<Capture>> captures;
};

Handles& handles() {
  static Handles* const all = new Handles;
  return *all;
}

template <class T>
cudaError_t create(T** handle, std::map<T*, std::unique_ptr<T>>& all, T value) {
  if (!handle) return cudaErrorInvalidValue;
  auto made = std::make_unique<T>(std::move(value));
  *handle = made.get();
  all.emplace(*handle, std::move(made));
  return cudaSuccess;
}

template <class T>
cudaError_t destroy(T* handle, std::map<T*, std::unique_ptr<T>>& all) {
  return all.erase(handle) ? cudaSuccess : cudaErrorInvalidResourceHandle;
}

CUevent_st* find_event(cudaEvent_t event) {
  return handles().events.count(event) ? event : nullptr;
}

/// The legacy stream waits for all blocking streams, which a graph cannot express.
cudaError_t refuse_legacy_stream() {
  for (const auto& capture : handles().captures)
    for (const auto& [stream, before] : capture->streams)
      if (!(stream->flags & cudaStreamNonBlocking))
        return invalidate(*capture, cudaErrorStreamCaptureImplicit);
  return cudaSuccess;
}

void end(const std::shared_ptr<Capture>& capture) {
  for (const auto& [stream, before] : capture->streams) stream->capture = nullptr;
  capture->ended = true;
  handles().captures.erase(capture);
}

bool all_joined(const Capture& capture) {
  const Frontier& origin = capture.streams.at(capture.origin);
  return std::all_of(capture.streams.begin(), capture.streams.end(), [&](const auto& entry) {
    const auto& [stream, before] = entry;
    const auto work = before.find(stream), joined = origin.find(stream);
    return work == before.end() || (joined != origin.end() && joined->second == work->second);
  });
}

cudaError_t wait_for(CUstream_st& stream, const CUevent_st& event) {
  if (!event.capture) {
    if (stream.capture && event.time)
      return invalidate(*stream.capture, cudaErrorStreamCaptureIsolation);
    return cudaSuccess;
  }
  if (event.capture->ended) return cudaErrorCapturedEvent;
  if (stream.capture && stream.capture != event.capture) {
    invalidate(*event.capture, cudaErrorStreamCaptureMerge);
    return invalidate(*stream.capture, cudaErrorStreamCaptureMerge);
  }
  stream.capture = event.capture;
  Frontier& before = stream.capture->streams[&stream];
  for (const auto& [other, count] : event.before) before[other] = std::max(before[other], count);
  return cudaSuccess;
}

}  // namespace

CUstream_st* find_stream(cudaStream_t stream) {
  if (!stream || stream == cudaStreamLegacy) return &handles().legacy;
  if (stream == cudaStreamPerThread) return &handles().per_thread;
  return handles().streams.count(stream) ? stream : nullptr;
}

cudaError_t invalidate(Capture& capture, cudaError_t error) {
  capture.invalid = true;
  return error;
}

cudaError_t forbid_during_capture() {
  cudaError_t error = cudaSuccess;
  for (const auto& capture : handles().captures) {
    const bool mine = capture->thread == std::this_thread::get_id();
    if (capture->mode == cudaStreamCaptureModeGlobal ||
        (capture->mode == cudaStreamCaptureModeThreadLocal && mine))
      error = invalidate(*capture, cudaErrorStreamCaptureUnsupported);
  }
  return error;
}

cudaError_t submit(cudaStream_t handle, Operation operation) {
  CUstream_st* const stream = find_stream(handle);
  if (!stream) return cudaErrorInvalidResourceHandle;
  if (stream == &handles().legacy)
    if (const cudaError_t error = refuse_legacy_stream()) return error;
  if (!stream->capture) return operation();
  Capture& capture = *stream->capture;
  if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
  capture.graph->operations.push_back(std::move(operation));
  ++capture.streams[stream][stream];
  return cudaSuccess;
}

Graph::~Graph() {
  for (void* const pointer : memory) Arena::instance().disown(pointer);
}

void destroy_streams() {
  Handles& all = handles();
  while (!all.captures.empty()) end(*all.captures.begin());
  all.events.clear();
  all.streams.clear();
  all.graphs.clear();
  all.execs.clear();
}

}  // namespace joule::simt

using namespace joule::simt;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return call(__func__, [&] {
    if (flags & ~cudaStreamNonBlocking) return cudaErrorInvalidValue;
    return create(stream, handles().streams, {flags});
  });
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return call(__func__, [&] { return create(stream, handles().streams, {}); });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call(__func__, [&]() -> cudaError_t {
    if (!handles().streams.count(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture) end(std::shared_ptr(stream->capture));
    return destroy(stream, handles().streams);
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call(__func__, [&]() -> cudaError_t {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream == &handles().legacy) return refuse_legacy_stream();
    return stream->capture ? invalidate(*stream->capture, cudaErrorStreamCaptureUnsupported)
                           : cudaSuccess;
  });
}
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return call(__func__, [&]() -> cudaError_t {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream == &handles().legacy) return refuse_legacy_stream();
    return stream->capture ? invalidate(*stream->capture, cudaErrorStreamCaptureUnsupported)
                           : cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return call(__func__, [&] {
    cudaError_t error = cudaSuccess;
    for (const auto& capture : handles().captures)
      error = invalidate(*capture, cudaErrorStreamCaptureUnsupported);
    return error;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream || !find_event(event)) return cudaErrorInvalidResourceHandle;
    return wait_for(*stream, *event);
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return call(__func__, [&] {
    if (!function) return cudaErrorInvalidValue;
    return submit(stream, [function, data] {
      function(data);
      return cudaSuccess;
    });
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return call(__func__, [&] {
    constexpr unsigned known =
        cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;
    if (flags & ~known) return cudaErrorInvalidValue;
    return create(event, handles().events, {flags});
  });
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return call(__func__, [&] { return create(event, handles().events, {}); });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream || !find_event(event)) return cudaErrorInvalidResourceHandle;
    if (stream == &handles().legacy)
      if (const cudaError_t error = refuse_legacy_stream()) return error;
    if (stream->capture && stream->capture->invalid) return cudaErrorStreamCaptureInvalidated;
    event->capture = stream->capture;
    event->before = stream->capture ? stream->capture->streams[stream] : Frontier{};
    event->time = std::chrono::steady_clock::now();
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return call(__func__, [&] {
    if (!find_event(event)) return cudaErrorInvalidResourceHandle;
    return event->capture ? cudaErrorCapturedEvent : forbid_during_capture();
  });
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return call(__func__, [&] {
    if (!find_event(event)) return cudaErrorInvalidResourceHandle;
    return event->capture ? cudaErrorCapturedEvent : forbid_during_capture();
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return call(__func__, [&] {
    if (!find_event(start) || !find_event(end)) return cudaErrorInvalidResourceHandle;
    if (!milliseconds) return cudaErrorInvalidValue;
    if (start->capture || end->capture) return cudaErrorCapturedEvent;
    if (!start->time || !end->time || (start->flags | end->flags) & cudaEventDisableTiming)
      return cudaErrorInvalidResourceHandle;
    *milliseconds = std::chrono::duration<float, std::milli>(*end->time - *start->time).count();
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call(__func__, [&] { return destroy(event, handles().events); });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream == &handles().legacy) return cudaErrorStreamCaptureUnsupported;
    if (stream->capture) return cudaErrorInvalidValue;
    stream->capture = std::make_shared<Capture>(Capture{stream, mode});
    stream->capture->streams[stream];
    handles().captures.insert(stream->capture);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (!graph || !stream->capture) return cudaErrorInvalidValue;
    const std::shared_ptr<Capture> capture = stream->capture;
    if (capture->origin != stream) return invalidate(*capture, cudaErrorStreamCaptureUnmatched);
    if (capture->mode != cudaStreamCaptureModeRelaxed &&
        capture->thread != std::this_thread::get_id())
      return invalidate(*capture, cudaErrorStreamCaptureWrongThread);
    *graph = nullptr;
    end(capture);
    if (capture->invalid) return cudaErrorStreamCaptureInvalidated;
    if (!all_joined(*capture)) return cudaErrorStreamCaptureUnjoined;
    return create(graph, handles().graphs, {capture->graph});
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (!status) return cudaErrorInvalidValue;
    if (stream == &handles().legacy)
      if (const cudaError_t error = refuse_legacy_stream()) return error;
    *status = !stream->capture           ? cudaStreamCaptureStatusNone
              : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                         : cudaStreamCaptureStatusActive;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph,
                                 unsigned long long flags) {
  return call(__func__, [&] {
    if (flags != 0 || !handles().graphs.count(graph)) return cudaErrorInvalidValue;
    return create(exec, handles().execs, {graph->graph});
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  return call(__func__, [&] {
    if (!handles().execs.count(exec)) return cudaErrorInvalidResourceHandle;
    return submit(stream, [graph = exec->graph] {
      for (const Operation& operation : graph->operations) {
        catch_up();
        if (const cudaError_t error = operation()) return error;
      }
      return cudaSuccess;
    });
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return call(__func__, [&] { return destroy(graph, handles().graphs); });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  return call(__func__, [&] { return destroy(exec, handles().execs); });
}
