// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace joule::simt {

/// One operation of a stream, with its arguments.
using Operation = std::function<cudaError_t()>;

/// What a capture recorded, in the order of the calls: a valid order of its dependencies.
struct Graph {
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph();

  std::vector<Operation> operations;
  std::vector<void*> memory;  // of the graph's allocations
};

/// How many operations of each stream come before something.
using Frontier = std::map<CUstream_st*, std::size_t>;

/// A capture in progress, shared by the streams that are in it.
struct Capture {
  CUstream_st* origin;
  cudaStreamCaptureMode mode;
  std::thread::id thread = std::this_thread::get_id();
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  std::map<CUstream_st*, Frontier> streams = {};  // what comes before each one's next operation
  bool invalid = false;
  bool ended = false;
};

/// The stream of a handle, or null if there is none.
CUstream_st* find_stream(cudaStream_t stream);
/// Runs the operation, or records it if the stream captures.
cudaError_t submit(cudaStream_t stream, Operation operation);
/// For what a capture does not allow: if one is in progress it is invalid from now on, and this is
/// an error.  By its mode a capture forbids it to all threads, to its own, or to none.
cudaError_t forbid_during_capture();
cudaError_t invalidate(Capture& capture, cudaError_t error);
void destroy_streams();

}  // namespace joule::simt

struct CUstream_st {
  unsigned flags = cudaStreamDefault;
  std::shared_ptr<joule::simt::Capture> capture = nullptr;
};

struct CUevent_st {
  unsigned flags = cudaEventDefault;
  std::optional<std::chrono::steady_clock::time_point> time = std::nullopt;
  std::shared_ptr<joule::simt::Capture> capture = nullptr;  // if it was recorded in one
  joule::simt::Frontier before = {};                        // and what it stands for
};

struct CUgraph_st {
  std::shared_ptr<joule::simt::Graph> graph;
};
struct CUgraphExec_st {
  std::shared_ptr<joule::simt::Graph> graph;
};
