// SPDX-License-Identifier: MIT
//
// Streams and events.
#include "joule/tests/simt/stream.h"

#include <algorithm>
#include <utility>

#include "joule/tests/simt/runtime.h"

namespace joule::simt {
namespace {

struct DefaultStreams {
  CUstream_st legacy{Scheduler::instance().legacy()};
  CUstream_st per_thread{Scheduler::instance().open(Queue::Kind::kBlocking)};
};

DefaultStreams& default_streams() {
  static auto* const both = new DefaultStreams;
  return *both;
}

Handles<CUstream_st>& streams() {
  static auto* const all = new Handles<CUstream_st>;
  return *all;
}
Handles<CUevent_st>& events() {
  static auto* const all = new Handles<CUevent_st>;
  return *all;
}

CUevent_st* find_event(cudaEvent_t event) { return events().count(event) ? event : nullptr; }

bool is_legacy(const CUstream_st& stream) { return stream.queue->kind == Queue::Kind::kLegacy; }

void add_missing(Nodes& nodes, const Nodes& more) {
  for (CUgraphNode_st* const node : more)
    if (std::ranges::find(nodes, node) == nodes.end()) nodes.push_back(node);
}

cudaError_t record_node(CUstream_st& stream, Task task) {
  Capture& capture = *stream.capture;
  if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
  Nodes& before = capture.streams[&stream];
  auto& node = capture.graph->nodes.emplace_back(
      std::make_unique<CUgraphNode_st>(CUgraphNode_st{std::move(task), before}));
  before = {node.get()};
  return cudaSuccess;
}

cudaError_t wait_for(CUstream_st& stream, const CUevent_st& event) {
  if (!event.capture) {
    if (stream.capture)
      return event.state->last ? invalidate(*stream.capture, cudaErrorStreamCaptureIsolation)
                               : cudaSuccess;
    return event.state->last ? submit(&stream, {.after = event.state->last}) : cudaSuccess;
  }
  if (event.capture->ended) return cudaErrorCapturedEvent;
  if (stream.capture && stream.capture != event.capture) {
    invalidate(*event.capture, cudaErrorStreamCaptureMerge);
    return invalidate(*stream.capture, cudaErrorStreamCaptureMerge);
  }
  stream.capture = event.capture;
  add_missing(stream.capture->streams[&stream], event.before);
  return cudaSuccess;
}

cudaError_t record_in_capture(CUevent_st& event, CUstream_st& stream, bool external) {
  if (stream.capture->invalid) return cudaErrorStreamCaptureInvalidated;
  if (external) {
    const auto record = [state = event.state] {
      state->last = std::make_shared<Completion>();
      state->last->complete();
    };
    return record_node(stream, {.type = cudaGraphNodeTypeEventRecord, .run = record});
  }
  event.capture = stream.capture;
  event.before = stream.capture->streams[&stream];
  return cudaSuccess;
}

cudaError_t record(cudaEvent_t event, cudaStream_t handle, unsigned flags) {
  CUstream_st* const stream = find_stream(handle);
  if (!stream || !find_event(event)) return cudaErrorInvalidResourceHandle;
  if (flags & ~cudaEventRecordExternal) return cudaErrorInvalidValue;
  if (is_legacy(*stream))
    if (const cudaError_t error = refuse_legacy_stream()) return error;
  if (stream->capture) return record_in_capture(*event, *stream, flags != 0);
  event->capture = nullptr;
  event->before.clear();
  event->state->last = std::make_shared<Completion>();
  return submit(handle, {.run = [record = event->state->last] { record->complete(); }});
}

/// Whether the stream may be waited for or asked.
cudaError_t check_wait(const CUstream_st* stream) {
  if (!stream) return cudaErrorInvalidResourceHandle;
  if (is_legacy(*stream)) return refuse_legacy_stream();
  return stream->capture ? invalidate(*stream->capture, cudaErrorStreamCaptureUnsupported)
                         : cudaSuccess;
}
cudaError_t check_wait(const CUevent_st* event) {
  if (!event) return cudaErrorInvalidResourceHandle;
  return event->capture ? cudaErrorCapturedEvent : forbid_during_capture();
}

bool is_pending(const CUevent_st& event) { return event.state->last && !event.state->last->done; }

}  // namespace

CUstream_st* find_stream(cudaStream_t stream) {
  if (!stream || stream == cudaStreamLegacy) return &default_streams().legacy;
  if (stream == cudaStreamPerThread) return &default_streams().per_thread;
  const bool is_default =
      stream == &default_streams().legacy || stream == &default_streams().per_thread;
  return is_default || streams().count(stream) ? stream : nullptr;
}

cudaError_t submit(cudaStream_t handle, Task task) {
  CUstream_st* const stream = find_stream(handle);
  if (!stream) return cudaErrorInvalidResourceHandle;
  if (is_legacy(*stream))
    if (const cudaError_t error = refuse_legacy_stream()) return error;
  if (stream->capture) return record_node(*stream, std::move(task));
  Scheduler::instance().put(*stream->queue, std::move(task));
  return cudaSuccess;
}

cudaError_t submit_and_wait(cudaStream_t handle, Task task) {
  const auto done = std::make_shared<Completion>();
  if (const cudaError_t error = submit(handle, std::move(task))) return error;
  if (const cudaError_t error = submit(handle, {.run = [done] { done->complete(); }})) return error;
  Scheduler::instance().run_until([&] { return done->done; });
  return cudaSuccess;
}

void destroy_streams() {
  while (!captures_in_progress().empty()) end(*captures_in_progress().begin());
  events().clear();
  streams().clear();
  destroy_graphs();
}

}  // namespace joule::simt

using namespace joule::simt;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return call(__func__, [&] {
    if (flags & ~cudaStreamNonBlocking) return cudaErrorInvalidValue;
    const auto kind = flags ? Queue::Kind::kNonBlocking : Queue::Kind::kBlocking;
    return create(stream, streams(), {Scheduler::instance().open(kind)});
  });
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call(__func__, [&]() -> cudaError_t {
    if (!streams().count(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture) end(std::shared_ptr(stream->capture));
    return destroy(stream, streams());  // what was put on it runs all the same
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call(__func__, [&] {
    const CUstream_st* const stream = find_stream(handle);
    if (const cudaError_t error = check_wait(stream)) return error;
    Scheduler& scheduler = Scheduler::instance();
    scheduler.run_until([&] { return !scheduler.has_work(*stream->queue); });
    return cudaSuccess;
  });
}
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return call(__func__, [&] {
    const CUstream_st* const stream = find_stream(handle);
    if (const cudaError_t error = check_wait(stream)) return error;
    Scheduler::instance().run_some();
    return Scheduler::instance().has_work(*stream->queue) ? cudaErrorNotReady : cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return call(__func__, [&] {
    cudaError_t error = cudaSuccess;
    for (const auto& capture : captures_in_progress())
      error = invalidate(*capture, cudaErrorStreamCaptureUnsupported);
    if (!error) Scheduler::instance().run_all();
    return error;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned flags) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream || !find_event(event)) return cudaErrorInvalidResourceHandle;
    return flags ? cudaErrorInvalidValue : wait_for(*stream, *event);
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return call(__func__, [&] {
    if (!function) return cudaErrorInvalidValue;
    const auto run = [function, data] {
      Runtime::instance().in_host_function = true;
      function(data);
      Runtime::instance().in_host_function = false;
    };
    return submit(stream, {.type = cudaGraphNodeTypeHost, .run = run, .on_host = true});
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return call(__func__, [&] {
    constexpr unsigned known =
        cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;
    if (flags & ~known) return cudaErrorInvalidValue;
    return create(event, events(), {flags});
  });
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return call(__func__, [&] { return create(event, events(), {}); });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return call(__func__, [&] { return record(event, stream, cudaEventRecordDefault); });
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  return call(__func__, [&] { return record(event, stream, flags); });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return call(__func__, [&] {
    if (const cudaError_t error = check_wait(find_event(event))) return error;
    Scheduler::instance().run_until([&] { return !is_pending(*event); });
    return cudaSuccess;
  });
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  return call(__func__, [&] {
    if (const cudaError_t error = check_wait(find_event(event))) return error;
    if (is_pending(*event)) Scheduler::instance().run_some();
    return is_pending(*event) ? cudaErrorNotReady : cudaSuccess;
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return call(__func__, [&] {
    if (!find_event(start) || !find_event(end)) return cudaErrorInvalidResourceHandle;
    if (!milliseconds) return cudaErrorInvalidValue;
    if (start->capture || end->capture) return cudaErrorCapturedEvent;
    const auto &first = start->state->last, &last = end->state->last;
    if (!first || !last || (start->flags | end->flags) & cudaEventDisableTiming)
      return cudaErrorInvalidResourceHandle;
    if (!first->done || !last->done) return cudaErrorNotReady;
    *milliseconds = std::chrono::duration<float, std::milli>(last->time - first->time).count();
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call(__func__, [&] { return destroy(event, events()); });
}
