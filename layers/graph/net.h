// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/layers/containers.h"
#include "joule/layers/graph/executor.h"
#include "joule/layers/graph/graph.h"
#include "joule/layers/module.h"

namespace joule::nn {

/// A net that runs as a graph: one made from data, or the graph of a Sequential.
/// Parameters and buffers are named after their nodes: "block1.main.conv1.weight".
class Net final : public Module {
 public:
  /// Empty; for a member that is assigned later.
  Net() = default;
  /// Makes new modules, initialised in the order of the nodes.
  /// Errors    ArgumentError as checked(); DeviceError if there is no memory for the weights.
  explicit Net(const Graph& graph);
  /// Takes over the layers of that net, with their names and weights.
  Net(Sequential net);  // NOLINT: implicit on purpose

  std::string describe() const override { return "Net()"; }
  Value add_to(GraphBuilder& graph, Value x) override;

  /// The outputs for the inputs, in the order of the graph.
  std::vector<Tensor> run(std::vector<Tensor> inputs);
  /// For a net with one input; with one output as operator().
  std::vector<Tensor> run(Tensor x);
  std::size_t outputs() const { return built_.outputs.size(); }

 private:
  Tensor forward(Tensor x) override;
  Module& group_of(const std::string& path);
  void place(const Graph& graph, std::size_t node, const std::shared_ptr<Module>& module);

  BuiltGraph built_;
  std::shared_ptr<const GraphExecutor> executor_;
};

}  // namespace joule::nn
