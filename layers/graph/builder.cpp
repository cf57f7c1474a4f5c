// SPDX-License-Identifier: MIT
#include "joule/layers/graph/builder.h"

#include <algorithm>
#include <set>
#include <utility>

#include "joule/core/error.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/graph/shapes.h"

namespace joule::nn {
namespace {

std::string joined(const std::string& path, const std::string& name) {
  return path.empty() || name.empty() ? path + name : path + "." + name;
}

void add_descendants(const Module& module, std::set<const Module*>& all) {
  all.insert(&module);
  for (const auto& child : module.children()) add_descendants(*child, all);
}

/// What the input is named where no node is.
std::string free_name(const BuiltGraph& built) {
  std::string name = "input";
  while (std::ranges::count(built.nodes, name, &BuiltGraph::BuiltNode::name) > 0) name += "_";
  return name;
}

/// By the rule of its kind; of a layer of its own kind, by running it.
Shape output_of(const BuiltGraph::BuiltNode& node, const std::vector<Shape>& values) {
  std::vector<Shape> xs;
  for (const std::size_t input : node.inputs) xs.push_back(values[input]);
  const auto& [kind, attributes, own] = node.spec;
  try {
    if (own) return output_shape(*node.module, xs);
    return output_shape(kind_of(kind), completed(kind_of(kind), attributes), xs);
  } catch (const ArgumentError& error) {
    throw ArgumentError(str("graph: node '", node.name, "', ", kind, ": ", error.what()));
  }
}

}  // namespace

GraphBuilder::GraphBuilder(Depth depth, std::string prefix)
    : depth_(depth), path_(std::move(prefix)) {}

Value GraphBuilder::put(BuiltGraph::BuiltNode node, const std::vector<Value>& xs) {
  require(!xs.empty(), "graph: node '", node.name, "', ", node.spec.kind, ": it has no input");
  for (const Value x : xs) node.inputs.push_back(x.index);
  built_.nodes.push_back(std::move(node));
  return {built_.inputs + built_.nodes.size() - 1};
}

Value GraphBuilder::add(Module& child, Value x) {
  const std::string outer = std::exchange(path_, joined(path_, child.name()));
  const Value y = depth_ == Depth::children ? leaf(child, {x}) : child.add_to(*this, x);
  path_ = outer;
  return y;
}

Value GraphBuilder::add(Module& child, std::vector<Value> xs) {
  const std::string outer = std::exchange(path_, joined(path_, child.name()));
  const Value y = leaf(child, std::move(xs));
  path_ = outer;
  return y;
}

Value GraphBuilder::leaf(Module& module, std::vector<Value> xs) {
  return put({.name = path_, .spec = module.spec(), .module = &module}, xs);
}

Value GraphBuilder::apply(const std::string& kind, std::vector<Value> xs,
                          const Attributes& attributes, const std::string& name) {
  const Kind& known = kind_of(kind);
  const LayerSpec spec{.kind = kind, .attributes = completed(known, attributes)};
  const std::shared_ptr<Module> made = known.make(spec.attributes);
  require(made->parameters().empty() && made->buffers().empty(), "graph: ", joined(path_, name),
          ": a ", kind, " has weights: it must be a child of the module that adds it");
  return put({.name = joined(path_, name), .spec = spec, .module = made.get(), .made = made}, xs);
}

Value GraphBuilder::splice(const BuiltGraph& graph, Value x) {
  require(graph.inputs == 1 && graph.outputs.size() == 1, "graph: ", path_,
          ": a net inside a net has one input and one output, got ", graph.inputs, " and ",
          graph.outputs.size());
  std::vector<Value> values{x};
  for (const BuiltGraph::BuiltNode& node : graph.nodes) {
    std::vector<Value> xs;
    for (const std::size_t input : node.inputs) xs.push_back(values[input]);
    values.push_back(put({.name = joined(path_, node.name),
                          .spec = node.spec,
                          .module = node.module,
                          .made = node.made},
                         xs));
  }
  return values[graph.outputs[0]];
}

BuiltGraph GraphBuilder::build(Module& net, Depth depth, std::string prefix) {
  GraphBuilder builder(depth, std::move(prefix));
  const Value y = net.add_to(builder, {0});
  builder.built_.outputs = {y.index};
  std::set<const Module*> owned;
  add_descendants(net, owned);
  for (const BuiltGraph::BuiltNode& node : builder.built_.nodes) {
    const bool weightless = node.module->parameters().empty() && node.module->buffers().empty();
    require(node.made || weightless || owned.contains(node.module),
            "graph: ", node.module->describe(), net.name().empty() ? "" : " in " + net.name(),
            ": it is no child of the module that adds it, so that its weights would be neither "
            "trained nor saved: give it to add_child()");
  }
  return std::move(builder.built_);
}

Graph graph_of(Module& net, const Shape& image, const std::string& name) {
  BuiltGraph built = GraphBuilder::build(net);
  // A net that is one layer has no name to go by.
  if (built.nodes.size() == 1 && built.nodes[0].name.empty()) built.nodes[0].name = "layer";
  std::vector<std::string> names{free_name(built)};
  std::vector<std::int64_t> batch{1};
  batch.insert(batch.end(), image.begin(), image.end());
  std::vector<Shape> shapes{Shape(batch)};
  Graph graph{.name = name, .inputs = {{names[0], image}}};
  for (const BuiltGraph::BuiltNode& node : built.nodes) {
    const auto& [kind, attributes, own] = node.spec;
    require(!own || !find_kind(kind), "graph: node '", node.name, "' calls itself a ", kind,
            ", but is a layer of its own: override spec()");
    Node data{.name = node.name, .kind = kind, .attributes = attributes};
    for (const std::size_t input : node.inputs) data.inputs.push_back(names[input]);
    const Shape y = output_of(node, shapes);
    if (own) data.output = Shape(std::span(y.begin() + 1, y.end()));
    names.push_back(node.name);
    shapes.push_back(y);
    graph.nodes.push_back(std::move(data));
  }
  for (const std::size_t output : built.outputs) graph.outputs.push_back(names[output]);
  return checked(std::move(graph));
}

}  // namespace joule::nn
