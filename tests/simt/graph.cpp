// SPDX-License-Identifier: MIT
//
// Captures and graphs.
#include <algorithm>
#include <set>
#include <utility>

#include "joule/tests/simt/arena.h"
#include "joule/tests/simt/runtime.h"
#include "joule/tests/simt/stream.h"

namespace joule::simt {
namespace {

Handles<CUgraph_st>& graphs() {
  static auto* const all = new Handles<CUgraph_st>;
  return *all;
}
Handles<CUgraphExec_st>& execs() {
  static auto* const all = new Handles<CUgraphExec_st>;
  return *all;
}

/// Whether everything comes before what the origin's stream would do next.
bool all_joined(const Capture& capture) {
  std::set<const CUgraphNode_st*> joined;
  Nodes next = capture.streams.at(capture.origin);
  while (!next.empty()) {
    const CUgraphNode_st* const node = next.back();
    next.pop_back();
    if (joined.insert(node).second)
      next.insert(next.end(), node->before.begin(), node->before.end());
  }
  return joined.size() == capture.graph->nodes.size();
}

/// Null if the graph has a cycle.
std::shared_ptr<const Plan> plan_of(const Graph& graph) {
  auto plan = std::make_shared<Plan>();
  plan->memory = graph.memory;
  plan->successors.resize(graph.nodes.size());
  std::map<const CUgraphNode_st*, std::size_t> numbers;
  for (const auto& node : graph.nodes) numbers.emplace(node.get(), numbers.size());
  for (const auto& node : graph.nodes) {
    plan->tasks.push_back(node->task);
    plan->predecessors.push_back(node->before.size());
    for (const CUgraphNode_st* const earlier : node->before)
      plan->successors[numbers.at(earlier)].push_back(numbers.at(node.get()));
  }
  Replay order(plan);
  std::size_t reached = 0;
  for (; reached < order.ready.size(); ++reached)
    for (const std::size_t later : plan->successors[order.ready[reached]])
      if (--order.missing[later] == 0) order.ready.push_back(later);
  return reached == graph.nodes.size() ? plan : nullptr;
}

/// What the host has allocated when the graph is launched.
cudaError_t claim(const GraphMemory& memory) {
  Arena& arena = Arena::instance();
  for (std::size_t i = 0; i < memory.allocated.size(); ++i) {
    const Arena::Claim claimed = arena.claim(memory.allocated[i]);
    if (claimed == Arena::Claim::kDone) continue;
    for (std::size_t k = 0; k < i; ++k) arena.release(memory.allocated[k]);
    return claimed == Arena::Claim::kOutOfMemory ? cudaErrorMemoryAllocation
                                                 : cudaErrorInvalidValue;
  }
  for (void* const pointer : memory.freed) arena.release(pointer);
  return cudaSuccess;
}

Graph* find_graph(cudaGraph_t graph) {
  return graphs().count(graph) ? graph->graph.get() : nullptr;
}

/// The graph that has the node, or null.
Graph* graph_of(cudaGraphNode_t node) {
  for (const auto& [handle, entry] : graphs())
    for (const auto& other : entry->graph->nodes)
      if (other.get() == node) return entry->graph.get();
  return nullptr;
}

}  // namespace

std::set<std::shared_ptr<Capture>>& captures_in_progress() {
  static auto* const all = new std::set<std::shared_ptr<Capture>>;
  return *all;
}

void end(const std::shared_ptr<Capture>& capture) {
  for (const auto& [stream, before] : capture->streams) stream->capture = nullptr;
  capture->ended = true;
  captures_in_progress().erase(capture);
}

cudaError_t invalidate(Capture& capture, cudaError_t error) {
  capture.invalid = true;
  return error;
}

cudaError_t forbid_during_capture() {
  cudaError_t error = cudaSuccess;
  for (const auto& capture : captures_in_progress()) {
    const bool mine = capture->thread == std::this_thread::get_id();
    if (capture->mode == cudaStreamCaptureModeGlobal ||
        (capture->mode == cudaStreamCaptureModeThreadLocal && mine))
      error = invalidate(*capture, cudaErrorStreamCaptureUnsupported);
  }
  return error;
}

cudaError_t refuse_legacy_stream() {
  for (const auto& capture : captures_in_progress())
    for (const auto& [stream, before] : capture->streams)
      if (stream->queue->kind != Queue::Kind::kNonBlocking)
        return invalidate(*capture, cudaErrorStreamCaptureImplicit);
  return cudaSuccess;
}

GraphMemory::~GraphMemory() {
  for (void* const pointer : allocated) Arena::instance().disown(pointer);
}

void destroy_graphs() {
  graphs().clear();
  execs().clear();
}

}  // namespace joule::simt

using namespace joule::simt;

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream->queue->kind == Queue::Kind::kLegacy) return cudaErrorStreamCaptureUnsupported;
    if (stream->capture) return cudaErrorInvalidValue;
    stream->capture = std::make_shared<Capture>(Capture{stream, mode});
    stream->capture->streams[stream];
    captures_in_progress().insert(stream->capture);
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
    return create(graph, graphs(), {capture->graph});
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return call(__func__, [&] {
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (!status) return cudaErrorInvalidValue;
    if (stream->queue->kind == Queue::Kind::kLegacy)
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
    if (flags != 0 || !find_graph(graph)) return cudaErrorInvalidValue;
    const auto plan = plan_of(*graph->graph);
    return plan ? create(exec, execs(), {plan, graph->graph->memory}) : cudaErrorInvalidValue;
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t handle) {
  return call(__func__, [&]() -> cudaError_t {
    if (!execs().count(exec)) return cudaErrorInvalidResourceHandle;
    CUstream_st* const stream = find_stream(handle);
    if (!stream) return cudaErrorInvalidResourceHandle;
    if (stream->capture) return invalidate(*stream->capture, cudaErrorStreamCaptureUnsupported);
    if (stream->queue->kind == Queue::Kind::kLegacy)
      if (const cudaError_t error = refuse_legacy_stream()) return error;
    if (const cudaError_t error = claim(*exec->memory)) return error;
    Runtime::instance().last_nodes = exec->plan->tasks.size();
    const auto ended = std::make_shared<Completion>();
    submit(handle, {.after = std::exchange(exec->last, ended),
                    .graph = std::make_shared<Replay>(exec->plan)});
    return submit(handle, {.run = [ended] { ended->complete(); }});
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return call(__func__, [&] { return destroy(graph, graphs()); });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  return call(__func__, [&] { return destroy(exec, execs()); });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t handle, cudaGraphNode_t* nodes, std::size_t* count) {
  return call(__func__, [&] {
    const Graph* const graph = find_graph(handle);
    if (!graph || !count) return cudaErrorInvalidValue;
    const std::size_t all = graph->nodes.size();
    for (std::size_t i = 0; nodes && i < std::min(all, *count); ++i)
      nodes[i] = graph->nodes[i].get();
    *count = nodes ? std::min(all, *count) : all;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphGetEdges(cudaGraph_t handle, cudaGraphNode_t* from, cudaGraphNode_t* to,
                              cudaGraphEdgeData* data, std::size_t* count) {
  return call(__func__, [&] {
    const Graph* const graph = find_graph(handle);
    if (!graph || !count || !from != !to) return cudaErrorInvalidValue;
    std::size_t edges = 0;
    for (const auto& node : graph->nodes) {
      for (CUgraphNode_st* const earlier : node->before) {
        const std::size_t edge = edges++;
        if (!from || edge >= *count) continue;
        from[edge] = earlier;
        to[edge] = node.get();
        if (data) data[edge] = {};
      }
    }
    *count = from ? std::min(edges, *count) : edges;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphAddDependencies(cudaGraph_t handle, const cudaGraphNode_t* from,
                                     const cudaGraphNode_t* to, const cudaGraphEdgeData* data,
                                     std::size_t count) {
  return call(__func__, [&] {
    Graph* const graph = find_graph(handle);
    if (!graph || data || (count > 0 && (!from || !to))) return cudaErrorInvalidValue;
    for (std::size_t i = 0; i < count; ++i) {
      if (graph_of(from[i]) != graph || graph_of(to[i]) != graph || from[i] == to[i] ||
          std::ranges::count(to[i]->before, from[i]))
        return cudaErrorInvalidValue;
      to[i]->before.push_back(from[i]);
    }
    return cudaSuccess;
  });
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType* type) {
  return call(__func__, [&] {
    if (!type || !graph_of(node)) return cudaErrorInvalidValue;
    *type = node->task.type;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroyNode(cudaGraphNode_t node) {
  return call(__func__, [&] {
    Graph* const graph = graph_of(node);
    if (!graph) return cudaErrorInvalidValue;
    for (const auto& other : graph->nodes) std::erase(other->before, node);
    std::erase_if(graph->nodes, [&](const auto& other) { return other.get() == node; });
    return cudaSuccess;
  });
}
