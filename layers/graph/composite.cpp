// SPDX-License-Identifier: MIT
#include "joule/layers/graph/composite.h"

namespace joule::nn {

Tensor Composite::forward(Tensor x) {
  using Depth = GraphBuilder::Depth;
  // Observers are told of what lies between this and the leaves, too.
  return forward_observers().empty() ? all_.get(*this, Depth::all)->run(std::move(x))
                                     : children_.get(*this, Depth::children)->run(std::move(x));
}

}  // namespace joule::nn
