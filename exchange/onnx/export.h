// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "joule/core/state.h"
#include "joule/layers/graph/graph.h"

namespace joule::exchange {

/// The operator set of the files that Joule writes.
inline constexpr int kWrittenOpset = 17;

/// A net as an ONNX file: operator set 17, the batch free, images [N,C,H,W], weights in ONNX's
/// layout, named as the net's (<layer>.weight), the columns behind a flattened image in ONNX's
/// order.  What a norm or a softmax does along the channels of an image stands between two
/// transpositions.  Metadata: joule.version, joule.layout (oihw), joule.densities (of the weights
/// the share that is not zero, a JSON object), and what is given.
///
/// Errors    ArgumentError: as nn::checked(); a kind that ONNX has no operators for, by name;
///           weights that are missing or of another shape; a file of more than 2 GB; DataError if
///           Joule was built without ONNX.
/// Numerics  the momentum m of a batch norm becomes 1 - m, as ONNX has it.
std::string to_onnx(const nn::Graph& graph, const State& weights,
                    const std::map<std::string, std::string>& metadata = {});

}  // namespace joule::exchange
