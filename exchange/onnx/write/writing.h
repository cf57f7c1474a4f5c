// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "joule/core/state.h"
#include "joule/exchange/channel_order.h"
#include "joule/exchange/onnx/proto.h"
#include "joule/layers/graph/graph.h"

namespace joule::exchange {

/// An ONNX node under construction.
class WrittenNode {
 public:
  explicit WrittenNode(::onnx::NodeProto& node) : node_(node) {}
  WrittenNode& set(const char* name, std::int64_t value);
  WrittenNode& set(const char* name, float value);
  WrittenNode& set(const char* name, const char* text);
  WrittenNode& set(const char* name, const std::vector<std::int64_t>& values);

 private:
  ::onnx::AttributeProto& add(const char* name, int type);
  ::onnx::NodeProto& node_;
};

/// Builds the file of a net, layer by layer.
class Writing {
 public:
  /// `graph` is checked().
  /// Errors    ArgumentError for weights that do not belong to the graph.
  Writing(const nn::Graph& graph, const State& weights, ::onnx::GraphProto& to);

  /// Writes all layers, inputs and outputs.
  /// Errors    ArgumentError as to_onnx().
  void run();

  /// A node that produces `output`, and is named like it unless `name` is given.
  WrittenNode node(const char* op, std::initializer_list<std::string> inputs,
                   const std::string& output, const std::string& name = {});
  WrittenNode node_of_all(const char* op, std::span<const std::string> inputs,
                          const std::string& output, const std::string& name = {});
  /// Adds the initialiser "<layer>.<name>" with the layer's weights in ONNX's layout, reshaped to
  /// `dims` if given; returns its name.
  std::string weight(const nn::Node& layer, const char* name,
                     const std::vector<std::int64_t>& dims = {});
  /// Adds an initialiser; returns its name.
  std::string constant(const std::string& name, std::span<const float> values,
                       const std::vector<std::int64_t>& dims);
  std::string constant(const std::string& name, const std::vector<std::int64_t>& values);

  /// The shape of a value, without the batch.
  const Shape& shape(const std::string& value) const { return shapes_.at(value); }
  bool is_image(const std::string& value) const { return shape(value).rank() == 3; }
  /// Whether a Flatten layer leaves the order to ONNX, so that the weights of its reader are
  /// reordered.
  bool in_own_order(const nn::Node& flatten) const { return order_.values.contains(flatten.name); }

 private:
  void write_end(const std::string& value, ::onnx::ValueInfoProto& to) const;
  void require_new(const std::string& name);

  const nn::Graph& graph_;
  ::onnx::GraphProto& to_;
  std::map<std::string, Shape> shapes_;
  ChannelOrder order_;
  std::map<std::string, Tensor> weights_;  // in ONNX's layout
  std::set<std::string> names_;
};

/// Adds the nodes of a layer of one kind.
using WriteKind = void (*)(Writing&, const nn::Node&);
/// Errors    ArgumentError that names the kind if there is none.
WriteKind write_kind(const nn::Node& layer);

}  // namespace joule::exchange
