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

/// Groups of nodes that form one layer: x * sigmoid(x) is SiLU; x * clip(x + 3, 0, 6) / 6 and
/// x * hard_sigmoid(x) are HardSwish; x * (1 + erf(x / sqrt(2))) / 2 is GELU.
struct Activations {
  struct Found {
    std::string kind, x;  // the layer's kind, and the name of its input
  };
  std::map<int, Found> last;  // by the node that produces the result
  std::set<int> inner;        // the nodes before it, which compute nothing else
};

/// `scalar(name)` returns the only value of a constant, or nothing.
Activations find_activations(const ::onnx::GraphProto& graph,
                             const std::function<std::optional<float>(const std::string&)>& scalar,
                             const std::function<std::size_t(const std::string&)>& readers);

}  // namespace joule::exchange
