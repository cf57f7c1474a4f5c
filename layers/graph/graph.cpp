// SPDX-License-Identifier: MIT
#include "joule/layers/graph/graph.h"

#include <algorithm>
#include <queue>
#include <set>

#include "joule/core/error.h"
#include "joule/layers/graph/kinds.h"
#include "joule/layers/graph/shapes.h"

namespace joule::nn {
namespace {

std::string label(const Node& node) { return str("graph: node '", node.name, "', ", node.kind); }

/// Calls check(), and says where the error is.
template <class Check>
auto in_node(const Node& node, Check&& check) {
  try {
    return check();
  } catch (const ArgumentError& error) {
    throw ArgumentError(str(label(node), ": ", error.what()));
  }
}

/// Parts with dots between; "=" is what Net calls a node that others are named after.
void check_name(const char* what, const std::string& name) {
  const bool control = std::ranges::any_of(
      name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  bool parts = !name.empty() && name.size() <= kMostName;
  for (std::size_t begin = 0; parts && begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const auto part = std::string_view(name).substr(begin, end - begin);
    parts = !part.empty() && part != "=";
    begin = end + 1;
  }
  require(parts && !control, "graph: ", what, " cannot be named '", name, "': expected up to ",
          kMostName, " characters, parts with dots between");
}

void check_names(const Graph& graph) {
  require(!graph.name.empty() && graph.name.size() <= kMostName,
          "graph: the net has no name, or one of more than ", kMostName, " bytes");
  require(!graph.inputs.empty() && !graph.nodes.empty() && !graph.outputs.empty(),
          "graph: expected inputs, nodes and outputs, got ", graph.inputs.size(), ", ",
          graph.nodes.size(), " and ", graph.outputs.size());
  require(graph.nodes.size() <= kMostNodes && graph.inputs.size() <= kMostNodes &&
              graph.outputs.size() <= kMostNodes,
          "graph: expected at most ", kMostNodes, " nodes, inputs and outputs");
  std::set<std::string_view> names;
  const auto add = [&](const char* what, const std::string& name) {
    check_name(what, name);
    require(names.insert(name).second, "graph: there are two values named '", name, "'");
  };
  for (const GraphInput& input : graph.inputs) add("an input", input.name);
  for (const Node& node : graph.nodes) add("a node", node.name);
  std::set<std::string_view> outputs;
  for (const std::string& output : graph.outputs) {
    require(names.contains(output), "graph: output '", output, "' is no value");
    require(outputs.insert(output).second, "graph: output '", output, "' is there twice");
  }
}

void check_inputs(const Graph& graph) {
  for (const GraphInput& input : graph.inputs) {
    require(input.shape.rank() >= 1 && input.shape.rank() < Shape::kMaxRank &&
                std::ranges::all_of(input.shape,
                                    [](std::int64_t d) { return d >= 1 && d <= kMostExtent; }),
            "graph: input '", input.name, "': expected one to three extents from 1 to ",
            kMostExtent, ", got ", input.shape);
  }
}

using Places = std::map<std::string_view, std::size_t>;

Places places_of(const std::vector<Node>& nodes) {
  Places places;
  for (std::size_t i = 0; i < nodes.size(); ++i) places[nodes[i].name] = i;
  return places;
}

/// A way from node to node along which it comes back to the first one.
std::string cycle_in(const std::vector<Node>& nodes, const Places& places,
                     const std::set<std::size_t>& left) {
  std::vector<std::size_t> way;
  std::size_t at = *left.begin();
  while (std::ranges::count(way, at) == 0) {  // each that is left waits for another that is
    way.push_back(at);
    for (const std::string& input : nodes[at].inputs) {
      const auto before = places.find(input);
      if (before != places.end() && left.contains(before->second)) {
        at = before->second;
        break;
      }
    }
  }
  std::string text = nodes[at].name;
  for (auto i = way.rbegin(); *i != at; ++i) text += " -> " + nodes[*i].name;
  return text + " -> " + nodes[at].name;
}

/// In an order in which they can run; of those that can, always the first one.
std::vector<Node> in_order(std::vector<Node> nodes) {
  const Places places = places_of(nodes);
  std::vector<std::size_t> waits(nodes.size());
  std::vector<std::vector<std::size_t>> readers(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& input : nodes[i].inputs) {
      const auto from = places.find(input);
      if (from == places.end()) continue;
      ++waits[i];
      readers[from->second].push_back(i);
    }
  }
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  std::set<std::size_t> left;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    left.insert(i);
    if (waits[i] == 0) ready.push(i);
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    const std::size_t next = ready.top();
    ready.pop();
    left.erase(next);
    order.push_back(next);
    for (const std::size_t reader : readers[next]) {
      if (--waits[reader] == 0) ready.push(reader);
    }
  }
  require(left.empty(),
          "graph: a cycle: ", left.empty() ? std::string() : cycle_in(nodes, places, left));
  std::vector<Node> sorted;
  for (const std::size_t i : order) sorted.push_back(std::move(nodes[i]));
  return sorted;
}

/// Every edge begins at a value, and everything leads to an output.
void check_edges(const Graph& graph) {
  std::set<std::string_view> values, read(graph.outputs.begin(), graph.outputs.end());
  for (const GraphInput& input : graph.inputs) values.insert(input.name);
  for (const Node& node : graph.nodes) values.insert(node.name);
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) {
      require(values.contains(input), label(node), ": its input '", input, "' is no value");
      read.insert(input);
    }
  }
  for (const GraphInput& input : graph.inputs) {
    require(read.contains(input.name), "graph: no node reads input '", input.name, "'");
  }
  for (const Node& node : graph.nodes) {
    require(read.contains(node.name), label(node), ": it leads to no output");
  }
}

/// Its attributes, all of them, and its number of inputs.
void complete(Node& node) {
  const Kind* const kind = find_kind(node.kind);
  if (!kind && node.output) return;  // a layer of its own
  in_node(node, [&] {
    const Kind& known = kind_of(node.kind);
    node.attributes = completed(known, node.attributes);
    const std::size_t inputs = node.inputs.size();
    require(
        inputs >= known.least_inputs && inputs <= known.most_inputs, "expected ",
        known.least_inputs,
        known.least_inputs == known.most_inputs ? std::string() : str(" to ", known.most_inputs),
        known.most_inputs == 1 ? " input, got " : " inputs, got ", inputs);
    for (const WeightRule& weight : weights_of(known, node.attributes)) {
      require(weight.shape.numel() > 0, weight.name, " would be empty, ", weight.shape);
    }
  });
}

Shape with_batch(const Shape& shape) {
  std::vector<std::int64_t> extents{1};
  extents.insert(extents.end(), shape.begin(), shape.end());
  return Shape(extents);
}

Shape without_batch(const Shape& shape) { return Shape(std::span(shape.begin() + 1, shape.end())); }

/// Of a graph that is in order.
std::map<std::string, Shape> infer(const Graph& graph) {
  std::map<std::string, Shape> shapes;
  for (const GraphInput& input : graph.inputs) shapes[input.name] = input.shape;
  for (const Node& node : graph.nodes) {
    shapes[node.name] = in_node(node, [&] {
      if (!find_kind(node.kind) && node.output) return *node.output;
      std::vector<Shape> xs;
      for (const std::string& input : node.inputs) xs.push_back(with_batch(shapes.at(input)));
      const Shape y = output_shape(kind_of(node.kind), node.attributes, xs);
      require(y.rank() >= 2 && y[0] == 1, "expected an output with the batch in front, got ", y);
      return without_batch(y);
    });
  }
  return shapes;
}

}  // namespace

Graph checked(Graph graph) {
  check_names(graph);
  check_inputs(graph);
  check_edges(graph);
  graph.nodes = in_order(std::move(graph.nodes));
  for (Node& node : graph.nodes) complete(node);
  infer(graph);
  return graph;
}

void validate(const Graph& graph) { checked(graph); }

std::map<std::string, Shape> shapes_of(const Graph& graph) { return infer(checked(graph)); }

std::vector<std::pair<std::string, Shape>> weights_of(const Graph& graph) {
  std::vector<std::pair<std::string, Shape>> all;
  for (const Node& node : graph.nodes) {
    in_node(node, [&] {
      const Kind& kind = kind_of(node.kind);
      for (const auto& [name, shape] : weights_of(kind, completed(kind, node.attributes))) {
        all.emplace_back(node.name + "." + name, shape);
      }
    });
  }
  return all;
}

std::string difference(const Graph& graph, const Graph& expected) {
  if (graph == expected) return {};
  const auto differ = [](const auto& what, const auto& expected, const auto& got) {
    return str(what, ": expected ", expected, ", got ", got);
  };
  if (graph.name != expected.name) return differ("the name", expected.name, graph.name);
  for (std::size_t i = 0; i < std::min(graph.nodes.size(), expected.nodes.size()); ++i) {
    if (graph.nodes[i] == expected.nodes[i]) continue;
    return differ(str("node ", i), to_text(expected.nodes[i]), to_text(graph.nodes[i]));
  }
  if (graph.nodes.size() != expected.nodes.size()) {
    return differ("nodes", expected.nodes.size(), graph.nodes.size());
  }
  const auto ends = [](const Graph& g) {
    Graph only = g;
    only.nodes.clear();
    return to_text(only);
  };
  return differ("inputs and outputs", ends(expected), ends(graph));
}

std::string to_text(const Node& node) {
  const Kind* const kind = find_kind(node.kind);
  std::string text = str(node.name, " = ", node.kind, "(");
  for (std::size_t i = 0; i < node.inputs.size(); ++i) text += (i ? ", " : "") + node.inputs[i];
  std::string attributes;
  const auto add = [&](const std::string& name, const Attribute& value) {
    attributes += str(attributes.empty() ? "; " : ", ", name, "=", to_text(value));
  };
  if (!kind) {
    for (const auto& [name, value] : node.attributes.values()) add(name, value);
  } else {
    for (const AttributeRule& rule : kind->attributes) {
      const Attribute* const value = node.attributes.find(rule.name);
      if (value && (rule.required || *value != rule.preset)) add(rule.name, *value);
    }
  }
  return text + attributes + ")";
}

std::string to_text(const Graph& graph) {
  std::string text = graph.name + "\n";
  for (const GraphInput& input : graph.inputs) {
    text += str("  input ", input.name, " ", input.shape, "\n");
  }
  for (const Node& node : graph.nodes) text += "  " + to_text(node) + "\n";
  for (const std::string& output : graph.outputs) text += "  output " + output + "\n";
  return text;
}

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
