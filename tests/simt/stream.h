// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <map>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "joule/tests/simt/queue.h"

struct CUgraphNode_st {
  joule::simt::Task task;
  std::vector<CUgraphNode_st*> before;  // directly
};

namespace joule::simt {

/// The allocations of a graph; freed: by the graph itself.
struct GraphMemory {
  GraphMemory() = default;
  GraphMemory(const GraphMemory&) = delete;
  GraphMemory& operator=(const GraphMemory&) = delete;
  ~GraphMemory();

  std::vector<void*> allocated, freed;
};

using Nodes = std::vector<CUgraphNode_st*>;

struct Graph {
  std::vector<std::unique_ptr<CUgraphNode_st>> nodes;  // as they were captured
  std::shared_ptr<GraphMemory> memory = std::make_shared<GraphMemory>();
};

/// A capture in progress, shared by the streams that are in it.
struct Capture {
  CUstream_st* origin;
  cudaStreamCaptureMode mode;
  std::thread::id thread = std::this_thread::get_id();
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  std::map<CUstream_st*, Nodes> streams = {};  // what comes directly before each one's next node
  bool invalid = false;
  bool ended = false;
};

/// The stream of a handle, or null if there is none.
CUstream_st* find_stream(cudaStream_t stream);
/// Puts the task on the stream, or records it if the stream captures.
cudaError_t submit(cudaStream_t stream, Task task);
/// The same on a stream that does not capture, and waits until it is done.
cudaError_t submit_and_wait(cudaStream_t stream, Task task);
/// For what a capture does not allow: if one is in progress it is invalid from now on, and this is
/// an error.  By its mode a capture forbids it to all threads, to its own, or to none.
cudaError_t forbid_during_capture();
cudaError_t invalidate(Capture& capture, cudaError_t error);
/// The legacy stream waits for all blocking streams, which a graph cannot express.
cudaError_t refuse_legacy_stream();
/// Those in progress.
std::set<std::shared_ptr<Capture>>& captures_in_progress();
void end(const std::shared_ptr<Capture>& capture);
void destroy_streams();
void destroy_graphs();

/// What a handle stands for, until it is destroyed.
template <class T>
using Handles = std::map<T*, std::unique_ptr<T>>;

template <class T>
cudaError_t create(T** handle, Handles<T>& all, T value) {
  if (!handle) return cudaErrorInvalidValue;
  auto made = std::make_unique<T>(std::move(value));
  *handle = made.get();
  all.emplace(*handle, std::move(made));
  return cudaSuccess;
}

template <class T>
cudaError_t destroy(T* handle, Handles<T>& all) {
  return all.erase(handle) ? cudaSuccess : cudaErrorInvalidResourceHandle;
}

}  // namespace joule::simt

struct CUstream_st {
  std::shared_ptr<joule::simt::Queue> queue;
  std::shared_ptr<joule::simt::Capture> capture = nullptr;
};

struct CUevent_st {
  /// The last record, if there was one.  The launches of a graph replace it, too.
  struct State {
    std::shared_ptr<joule::simt::Completion> last = nullptr;
  };
  unsigned flags = cudaEventDefault;
  std::shared_ptr<State> state = std::make_shared<State>();
  std::shared_ptr<joule::simt::Capture> capture = nullptr;  // if it was recorded in one
  joule::simt::Nodes before = {};                           // and what it stands for
};

struct CUgraph_st {
  std::shared_ptr<joule::simt::Graph> graph;
};
struct CUgraphExec_st {
  std::shared_ptr<const joule::simt::Plan> plan;
  std::shared_ptr<joule::simt::GraphMemory> memory;
  std::shared_ptr<const joule::simt::Completion> last = nullptr;  // the end of its last launch
};
