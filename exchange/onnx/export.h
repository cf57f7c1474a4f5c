// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "joule/core/state.h"
#include "joule/layers/graph/graph.h"

namespace joule::exchange {

/// The operator set of the files that Joule writes.
inline constexpr int kWrittenOpset = 17;

/// A net as an ONNX file: operator set 17, free batch, images [N,C,H,W], weights in ONNX's layout,
/// named as in the net (<layer>.weight), the columns behind a flattened image in ONNX's order.  A
/// norm or softmax along the channels of an image is put between two transpositions.  Metadata:
/// joule.version, joule.layout (oihw), joule.densities (a JSON object with the fraction of
/// non-zeros of each weight), and `metadata`.
///
/// Errors    ArgumentError as nn::checked(); for a kind without ONNX operators (named); for weights
///           that are missing or of another shape; for a file above 2 GB; DataError if Joule was
///           built without ONNX.
/// Numerics  the momentum m of a batch norm becomes 1 - m, ONNX's convention.
std::string to_onnx(const nn::Graph& graph, const State& weights,
                    const std::map<std::string, std::string>& metadata = {});

}  // namespace joule::exchange
