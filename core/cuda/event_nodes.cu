// SPDX-License-Identifier: MIT
#include "joule/core/cuda/event_nodes.h"

#include <algorithm>
#include <vector>

#include "joule/core/cuda/check.h"

namespace joule::cuda {
namespace {

struct GraphEdge {
  cudaGraphNode_t from, to;
  friend bool operator==(const GraphEdge&, const GraphEdge&) = default;
};

std::vector<cudaGraphNode_t> nodes_of(cudaGraph_t graph) {
  std::size_t count = 0;
  check(cudaGraphGetNodes(graph, nullptr, &count), "cudaGraphGetNodes");
  std::vector<cudaGraphNode_t> nodes(count);
  if (count > 0) check(cudaGraphGetNodes(graph, nodes.data(), &count), "cudaGraphGetNodes");
  return nodes;
}

/// Null pointers: only their number.
cudaError_t get_edges(cudaGraph_t graph, cudaGraphNode_t* from, cudaGraphNode_t* to,
                      std::size_t* count) {
#if CUDART_VERSION >= 12030
  // Some edges of libraries' kernels have data; without room for it, asking would be an error.
  std::vector<cudaGraphEdgeData> data(from ? *count : 0);
  cudaGraphEdgeData* const all_data = from ? data.data() : nullptr;
#endif
#if CUDART_VERSION >= 13000
  return cudaGraphGetEdges(graph, from, to, all_data, count);
#elif CUDART_VERSION >= 12030
  return cudaGraphGetEdges_v2(graph, from, to, all_data, count);
#else
  return cudaGraphGetEdges(graph, from, to, count);
#endif
}

std::vector<GraphEdge> edges_of(cudaGraph_t graph) {
  std::size_t count = 0;
  check(get_edges(graph, nullptr, nullptr, &count), "cudaGraphGetEdges");
  std::vector<cudaGraphNode_t> from(count), to(count);
  if (count > 0) check(get_edges(graph, from.data(), to.data(), &count), "cudaGraphGetEdges");
  std::vector<GraphEdge> edges;
  for (std::size_t i = 0; i < count; ++i) edges.push_back({from[i], to[i]});
  return edges;
}

void add_edge(cudaGraph_t graph, const GraphEdge& edge) {
#if CUDART_VERSION >= 13000
  const cudaError_t status = cudaGraphAddDependencies(graph, &edge.from, &edge.to, nullptr, 1);
#else
  const cudaError_t status = cudaGraphAddDependencies(graph, &edge.from, &edge.to, 1);
#endif
  check(status, "cudaGraphAddDependencies");
}

bool records_an_event(cudaGraphNode_t node) {
  cudaGraphNodeType type;
  check(cudaGraphNodeGetType(node, &type), "cudaGraphNodeGetType");
  return type == cudaGraphNodeTypeEventRecord;
}

}  // namespace

void remove_event_nodes(cudaGraph_t graph) {
  std::vector<GraphEdge> edges = edges_of(graph);
  for (const cudaGraphNode_t node : nodes_of(graph)) {
    if (!records_an_event(node)) continue;
    std::vector<cudaGraphNode_t> before, after;
    for (const auto& [from, to] : edges) {
      if (to == node) before.push_back(from);
      if (from == node) after.push_back(to);
    }
    std::erase_if(edges, [&](const GraphEdge& e) { return e.from == node || e.to == node; });
    for (const cudaGraphNode_t from : before) {
      for (const cudaGraphNode_t to : after) {
        const GraphEdge edge{from, to};
        if (std::ranges::find(edges, edge) != edges.end()) continue;
        add_edge(graph, edge);
        edges.push_back(edge);
      }
    }
    check(cudaGraphDestroyNode(node), "cudaGraphDestroyNode");
  }
}

}  // namespace joule::cuda
