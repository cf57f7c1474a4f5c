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
  /// Of a layer of no registered kind: its output, as it was found by running it.
  std::optional<Shape> output{};
  friend bool operator==(const Node&, const Node&) = default;
};

/// What a net reads: [H,W,C] of an image, [features]; the batch, which is in front, is left out.
struct GraphInput {
  std::string name;
  Shape shape;
  friend bool operator==(const GraphInput&, const GraphInput&) = default;
};

/// A net as data.  What it holds of the weights is their names and shapes, which follow from the
/// nodes: their values are a State.
struct Graph {
  std::string name;  // "resnet18"
  std::vector<GraphInput> inputs{};
  std::vector<Node> nodes{};
  std::vector<std::string> outputs{};  // names of values
  friend bool operator==(const Graph&, const Graph&) = default;
};

/// The most that a graph may have.
inline constexpr std::size_t kMostNodes = 10'000;
inline constexpr std::size_t kMostName = 256;         // bytes of a name
inline constexpr std::int64_t kMostExtent = 1 << 16;  // of an input

/// The same net with its nodes in an order in which they can run (their own, where that is one) and
/// every attribute in place.
///
/// Errors    ArgumentError that names the node, what was expected and what was found: names that
///           are there twice or cannot be, inputs that no value has the name of, a cycle, nodes
///           that lead to no output, a kind or an attribute that does not exist, a value out of
///           range, shapes that do not meet, too much of something.
Graph checked(Graph graph);

/// Errors    as checked().
void validate(const Graph& graph);

/// The net that puts out the graph's `output`-th output alone: the nodes that lead there, under
/// their names, so that their weights are found in a State of the whole; the inputs stay.
///
/// Errors    ArgumentError if there is no such output; as checked().
Graph one_output(const Graph& graph, std::size_t output);

/// The shape of every value, without the batch.
/// Errors    as checked().
std::map<std::string, Shape> shapes_of(const Graph& graph);

/// The full names and shapes of all parameters and buffers, in the order of the nodes.
/// Errors    ArgumentError for a kind that is not registered, or attributes that it has not.
std::vector<std::pair<std::string, Shape>> weights_of(const Graph& graph);

/// The first thing in which a net differs from the expected one, in words; empty if nothing does.
/// Their names count.
std::string difference(const Graph& graph, const Graph& expected);

/// "conv1 = Conv2d(input; in=1, out=32, kernel=3x3)".  An attribute at its preset is left out.
std::string to_text(const Node& node);
/// A line per input, node and output.
std::string to_text(const Graph& graph);

/// As a file in the format of docs/nets.md, a line per node.
///
/// Errors    as checked(); ArgumentError for a layer of no registered kind, which could not be
/// read.
std::string to_json(const Graph& graph);
/// The inverse, checked().  `path` is for the messages.
///
/// Errors    DataError: not JSON, not of this format, something missing, unknown or of the wrong
///           type; and what checked() says.
Graph parse_graph(std::string_view json, const std::string& path);

}  // namespace joule::nn
