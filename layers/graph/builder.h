// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "joule/layers/graph/attributes.h"
#include "joule/layers/graph/graph.h"
#include "joule/layers/module.h"

namespace joule::nn {

/// The output of an input or a node of a graph under construction.
struct Value {
  std::size_t index;
};

/// A graph together with the modules that run its nodes.
struct BuiltGraph {
  struct BuiltNode {
    std::string name;
    LayerSpec spec;
    Module* module;                   // belongs to the net that is described, or is `made`
    std::shared_ptr<Module> made;     // a module that exists only for this node
    std::vector<std::size_t> inputs;  // values
  };
  std::size_t inputs = 1;  // the first `inputs` values; node i yields value inputs + i
  std::vector<BuiltNode> nodes{};
  std::vector<std::size_t> outputs{};  // values
};

/// Collects the nodes of a net from its modules; see Module::add_to().
class GraphBuilder {
 public:
  /// Whether the children of a module become all their own nodes, or one node each.
  enum class Depth { all, children };

  explicit GraphBuilder(Depth depth = Depth::all, std::string prefix = {});

  /// Adds the child's nodes, with its name as prefix.
  Value add(Module& child, Value x);
  /// Adds a child with several inputs as one node.
  Value add(Module& child, std::vector<Value> xs);
  /// Adds a node of a kind without weights, such as "Add" and "Concat".  By default it gets the
  /// name of the module that adds it, which may add only one such node.
  ///
  /// Errors    ArgumentError if the kind does not exist, or does not have those attributes.
  Value apply(const std::string& kind, std::vector<Value> xs, const Attributes& attributes = {},
              const std::string& name = {});
  /// Adds the module that is being described, as one node.
  Value leaf(Module& module, std::vector<Value> xs);
  /// Adds all nodes of another graph, with the name of the module being described as prefix.
  Value splice(const BuiltGraph& graph, Value x);

  /// The graph of `net`, which has one input.
  ///
  /// Errors    ArgumentError if a module with weights is no descendant of `net`: they would be
  ///           neither trained nor saved.
  static BuiltGraph build(Module& net, Depth depth = Depth::all, std::string prefix = {});

 private:
  Value put(BuiltGraph::BuiltNode node, const std::vector<Value>& xs);

  Depth depth_;
  std::string path_;
  BuiltGraph built_;
};

/// The net as data: `net`, which reads images [H,W,C] (or features [K]), under a name.  Its input
/// is named "input".  The output shapes of layers without a registered kind are found by running
/// one image through each.
///
/// Errors    ArgumentError as checked(); or if a layer has the name of a kind, but its spec() does
///           not say that it is of that kind.
Graph graph_of(Module& net, const Shape& image, const std::string& name);

}  // namespace joule::nn
