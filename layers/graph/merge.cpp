// SPDX-License-Identifier: MIT
#include "joule/layers/graph/merge.h"

#include "joule/core/error.h"
#include "joule/layers/functions.h"
#include "joule/layers/graph/attributes.h"

namespace joule::nn {

LayerSpec Add::spec() const { return {"Add"}; }

Tensor Add::forward(Tensor) {
  throw ArgumentError(str(context().scope.layer, ", Add(): expected two inputs or more, got 1"));
}

Tensor Add::forward_all(std::vector<Tensor> xs) {
  Tensor sum = std::move(xs[0]);
  for (std::size_t i = 1; i < xs.size(); ++i) sum = add(std::move(sum), xs[i]);
  return sum;
}

LayerSpec Concat::spec() const { return {"Concat"}; }

Tensor Concat::forward_all(std::vector<Tensor> xs) { return concat(xs); }

std::string Slice::describe() const { return str("Slice(", first_, ", ", count_, ")"); }

LayerSpec Slice::spec() const { return {"Slice", {{"first", first_}, {"count", count_}}}; }

}  // namespace joule::nn
