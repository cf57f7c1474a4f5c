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

template <BinaryFunction kFunction>
Tensor Arithmetic<kFunction>::forward(Tensor) {
  throw ArgumentError(str(context().scope.layer, ", ", kKind, "(): expected two inputs, got 1"));
}

template <BinaryFunction kFunction>
Tensor Arithmetic<kFunction>::forward_all(std::vector<Tensor> xs) {
  require(xs.size() == 2, context().scope.layer, ", ", kKind, "(): expected two inputs, got ",
          xs.size());
  Tensor b = std::move(xs[1]);
  if (xs[0].shape().rank() == 4 && b.shape().rank() == 2) {
    b = b.reshape({b.dim(0), 1, 1, b.dim(1)});
  }
  if constexpr (kFunction == BinaryFunction::sub) return sub(std::move(xs[0]), b);
  if constexpr (kFunction == BinaryFunction::mul) return mul(std::move(xs[0]), b);
  if constexpr (kFunction == BinaryFunction::div) return div(std::move(xs[0]), b);
}

template class Arithmetic<BinaryFunction::sub>;
template class Arithmetic<BinaryFunction::mul>;
template class Arithmetic<BinaryFunction::div>;

LayerSpec Concat::spec() const { return {"Concat"}; }

Tensor Concat::forward_all(std::vector<Tensor> xs) { return concat(xs); }

std::string Slice::describe() const { return str("Slice(", first_, ", ", count_, ")"); }

LayerSpec Slice::spec() const { return {"Slice", {{"first", first_}, {"count", count_}}}; }

}  // namespace joule::nn
