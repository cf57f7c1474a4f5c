// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/shape.h"
#include "joule/layers/graph/attributes.h"

namespace joule::nn {

/// One layer of a net.  Its output is a value of the same name.
struct Node {
  std::string name;  // full: "block1.main.conv1"; the layer's parameters are <name>.weight ...
  std::string kind;  // see layers/graph/kinds.h
  Attributes attributes{};
  std::vector<std::string> inputs{};  // names of values: of inputs of the graph, or of nodes
  /// For a layer of no registered kind: its output shape, found by running it.
  std::optional<Shape> output{};
  friend bool operator==(const Node&, const Node&) = default;
};

/// An input of a net: [H,W,C] of an image, or [features], without the leading batch dimension.
struct GraphInput {
  std::string name;
  Shape shape;
  friend bool operator==(const GraphInput&, const GraphInput&) = default;
};

/// A net as data.  It holds only the names and shapes of the weights, which follow from the nodes;
/// their values are a State.
struct Graph {
  std::string name;  // "resnet18"
  std::vector<GraphInput> inputs{};
  std::vector<Node> nodes{};
  std::vector<std::string> outputs{};  // names of values
  friend bool operator==(const Graph&, const Graph&) = default;
};

/// Limits of a graph.
inline constexpr std::size_t kMostNodes = 10'000;
inline constexpr std::size_t kMostName = 256;         // bytes of a name
inline constexpr std::int64_t kMostExtent = 1 << 16;  // of an input

/// The same net, with its nodes in an order in which they can run (unchanged if it is one) and
/// every attribute filled in.
///
/// Errors    ArgumentError that names the node, what was expected and what was found: duplicate or
///           invalid names, inputs that name no value, a cycle, nodes that lead to no output,
///           unknown kinds or attributes, a value out of range, shapes that do not match, a limit
///           that is exceeded.
Graph checked(Graph graph);

/// Errors    as checked().
void validate(const Graph& graph);

/// The net that yields only the graph's `output`-th output: the nodes that lead there, with their
/// names, so that a State of the whole net fits; all inputs stay.
///
/// Errors    ArgumentError if there is no such output; as checked().
Graph one_output(const Graph& graph, std::size_t output);

/// The shape of every value, without the batch.
/// Errors    as checked().
std::map<std::string, Shape> shapes_of(const Graph& graph);

/// The full names and shapes of all parameters and buffers, in the order of the nodes.
/// Errors    ArgumentError for a kind that is not registered, or attributes that it does not have.
std::vector<std::pair<std::string, Shape>> weights_of(const Graph& graph);

/// The first difference between a net and the expected one, in words; empty if they are equal,
/// names included.
std::string difference(const Graph& graph, const Graph& expected);

/// "conv1 = Conv2d(input; in=1, out=32, kernel=3x3)"; omits attributes with their default values.
std::string to_text(const Node& node);
/// One line per input, node and output.
std::string to_text(const Graph& graph);

/// The text of a file in the format of docs/nets.md, one line per node.
///
/// Errors    as checked(); ArgumentError for a layer of no registered kind, which could not be
///           read back.
std::string to_json(const Graph& graph);
/// The inverse; the result is checked().  `path` is for error messages.
///
/// Errors    DataError if the text is not JSON or not of this format, something is missing, unknown
///           or of the wrong type; or for any error of checked().
Graph parse_graph(std::string_view json, const std::string& path);

}  // namespace joule::nn
