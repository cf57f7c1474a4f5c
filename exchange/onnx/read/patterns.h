// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "joule/exchange/onnx/constant.h"
#include "joule/exchange/onnx/proto.h"

namespace joule::exchange {

/// Several nodes of a file that are one layer: x * sigmoid(x), which is SiLU; x * clip(x + 3, 0, 6)
/// / 6 and x * hard_sigmoid(x), which are HardSwish; x * (1 + erf(x / sqrt(2))) / 2, which is GELU.
struct Activations {
  struct Found {
    std::string kind, x;  // the layer's, and the name of what it reads
  };
  std::map<int, Found> last;  // by the node that puts the result out
  std::set<int> inner;        // the nodes before it, which compute nothing else
};

/// `scalar(name)` gives the only value of a constant, or none.
Activations find_activations(const ::onnx::GraphProto& graph,
                             const std::function<std::optional<float>(const std::string&)>& scalar,
                             const std::function<std::size_t(const std::string&)>& readers);

}  // namespace joule::exchange
