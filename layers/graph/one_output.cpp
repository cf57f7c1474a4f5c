// SPDX-License-Identifier: MIT
#include "joule/layers/graph/one_output.h"

#include <set>
#include <utility>

#include "joule/core/error.h"

namespace joule::nn {

Graph one_output(const Graph& graph, std::size_t output) {
  require(output < graph.outputs.size(), "graph: there is no output ", output, " of ",
          graph.outputs.size());
  Graph whole = checked(graph);
  std::set<std::string> needed{whole.outputs[output]};
  std::vector<Node> nodes;
  for (auto node = whole.nodes.rbegin(); node != whole.nodes.rend(); ++node) {
    if (!needed.contains(node->name)) continue;
    needed.insert(node->inputs.begin(), node->inputs.end());
    nodes.insert(nodes.begin(), std::move(*node));
  }
  whole.nodes = std::move(nodes);
  whole.outputs = {whole.outputs[output]};
  return checked(std::move(whole));
}

}  // namespace joule::nn
