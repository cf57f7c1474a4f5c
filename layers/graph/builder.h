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

/// What an input or a node of a graph under construction puts out.
struct Value {
  std::size_t index;
};

/// A graph together with the modules that run its nodes.
struct BuiltGraph {
  struct BuiltNode {
    std::string name;
    LayerSpec spec;
    Module* module;                   // of the net that was described, or `made`
    std::shared_ptr<Module> made;     // for this node alone
    std::vector<std::size_t> inputs;  // values
  };
  std::size_t inputs = 1;  // the first values; node i puts out value inputs + i
  std::vector<BuiltNode> nodes{};
  std::vector<std::size_t> outputs{};  // values
};

/// Collects the nodes of a net from its modules, see Module::add_to().
class GraphBuilder {
 public:
  /// What the children of a module become: their own nodes, or one node each.
  enum class Depth { all, children };

  explicit GraphBuilder(Depth depth = Depth::all, std::string prefix = {});

  /// The child's nodes, named after it.
  Value add(Module& child, Value x);
  /// A child of several inputs: one node.
  Value add(Module& child, std::vector<Value> xs);
  /// A node of a kind that needs no weights, such as "Add" and "Concat".  Without a name it has
  /// that of the module that adds it, which may add only one such node.
  ///
  /// Errors    ArgumentError if there is no such kind, or it has not those attributes.
  Value apply(const std::string& kind, std::vector<Value> xs, const Attributes& attributes = {},
              const std::string& name = {});
  /// The module that is being described as one node.
  Value leaf(Module& module, std::vector<Value> xs);
  /// All nodes of another graph, named after the module that is being described.
  Value splice(const BuiltGraph& graph, Value x);

  /// The graph of one input that `net` is.
  static BuiltGraph build(Module& net, Depth depth = Depth::all, std::string prefix = {});

 private:
  Value put(BuiltGraph::BuiltNode node, const std::vector<Value>& xs);

  Depth depth_;
  std::string path_;
  BuiltGraph built_;
};

/// The net as data: `net`, which reads images [H,W,C] (or features [K]), under a name.  Its input
/// is named "input".  What layers of their own kinds put out is found by running one image through
/// each.
///
/// Errors    ArgumentError as checked(); for a layer that calls itself by the name of a kind but
///           does not say with spec() that it is one.
Graph graph_of(Module& net, const Shape& image, const std::string& name);

}  // namespace joule::nn
