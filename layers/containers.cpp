// SPDX-License-Identifier: MIT
#include "joule/layers/containers.h"

namespace joule::nn {

Value Sequential::add_to(GraphBuilder& graph, Value x) {
  for (const auto& child : children()) x = graph.add(*child, x);
  return x;
}

Value Residual::add_to(GraphBuilder& graph, Value x) {
  const Value main = graph.add(*main_, x);
  const Value shortcut = shortcut_ ? graph.add(*shortcut_, x) : x;
  return graph.apply("Add", {main, shortcut});
}

}  // namespace joule::nn
