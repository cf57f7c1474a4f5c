// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "joule/exchange/channel_order.h"
#include "joule/layers/graph/graph.h"

namespace joule::exchange {

/// Builds the source of a PyTorch module, layer by layer; private to this folder.
class ModuleText {
 public:
  /// `graph` is checked().
  ModuleText(const nn::Graph& graph, const std::map<std::string, Shape>& shapes,
             const ChannelOrder& order);

  /// The class Net.
  /// Errors    ArgumentError as to_pytorch().
  std::string text();

  /// The Python variable that holds a value.
  const std::string& variable(const std::string& value) const { return variables_.at(value); }
  /// The shape of a value, without the batch.
  const Shape& shape(const std::string& value) const { return shapes_.at(value); }
  bool is_image(const std::string& value) const { return shape(value).rank() == 3; }
  /// The dimension of the channels in PyTorch.
  int channels(const std::string& value) const { return shape(value).rank() == 2 ? 2 : 1; }
  /// Whether a Flatten layer keeps PyTorch's order.
  bool in_own_order(const std::string& flatten) const { return order_.values.contains(flatten); }

  /// Registers the module of a layer that has weights; returns the call of it.
  std::string module(const nn::Node& layer, const std::string& constructor, const std::string& x);

 private:
  void name_values();

  const nn::Graph& graph_;
  const std::map<std::string, Shape>& shapes_;
  const ChannelOrder& order_;
  std::map<std::string, std::string> variables_;
  std::vector<std::string> modules_;  // lines of the table in __init__
};

/// What computes a layer, as a Python expression.
using KindText = std::string (*)(ModuleText&, const nn::Node&);
/// Errors    ArgumentError that names the layer and the kind if there is none.
KindText kind_text(const nn::Node& layer);

}  // namespace joule::exchange
