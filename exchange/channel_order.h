// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "joule/core/shape.h"
#include "joule/io/layout.h"
#include "joule/layers/graph/graph.h"

namespace joule::exchange {

/// Where a net that keeps images as [N,C,H,W] may flatten them in its own order (channel, row,
/// column), since that only moves parameters of the layers behind.
struct ChannelOrder {
  /// Values in that order, each with its image's [H,W,C]: outputs of Flatten and of the layers
  /// behind it that treat each place by itself.
  std::map<std::string, Shape> values;
  /// The layers whose weights must be reordered for it.
  FlattenedInputs readers;
};

/// A Flatten whose values reach an output of the net, or a layer for which their order matters
/// (a softmax, a concatenation), keeps Joule's order (row, column, channel): it is in neither list.
///
/// `graph` is checked(), `shapes` are its shapes_of().
ChannelOrder channel_order(const nn::Graph& graph, const std::map<std::string, Shape>& shapes);

/// Of `weights`, those of the graph, on the CPU.  `what` ("onnx") begins the errors.
///
/// Errors    ArgumentError for weights that are missing, or of another shape or type.
std::map<std::string, Tensor> own_weights(const nn::Graph& graph,
                                          const std::map<std::string, Tensor>& weights,
                                          const char* what);

}  // namespace joule::exchange
