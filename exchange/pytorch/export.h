// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "joule/core/state.h"
#include "joule/io/safetensors.h"
#include "joule/layers/graph/graph.h"

namespace joule::exchange {

/// A net for PyTorch.
struct PytorchNet {
  std::string source;  // a Python module with the class Net, which needs torch alone
  State weights;       // of Net, in Joule's layout
  SaveOptions save;    // for save_safetensors(path, weights, save), which writes PyTorch's layout
};

/// A net as a PyTorch module and its weights, which it loads by load_state_dict(strict=True).
/// Images are [N,C,H,W]; parameters and buffers have the names that they have in Joule
/// (<layer>.weight).  `notes` become lines of the module's docstring.
///
/// The file has convolutions as [out, in, kh, kw], and for a linear layer (or batch norm) behind a
/// flattened image the columns in the order channel, row, column.  Where that order matters for
/// more than such weights, the module flattens the image channels last.
///
/// Errors    ArgumentError as nn::checked(); for a kind that is not written (layer and kind
///           named); for weights that are missing or of another shape; for
///           names that a module cannot have.
/// Numerics  the same formulas in float32: outputs agree to rounding (1e-5, relative to the largest
///           output).
PytorchNet to_pytorch(const nn::Graph& graph, const State& weights,
                      const std::map<std::string, std::string>& notes = {});

}  // namespace joule::exchange
