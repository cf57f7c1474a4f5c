// SPDX-License-Identifier: MIT
#include "joule/layers/graph/shapes.h"

#include "joule/core/context.h"
#include "joule/layers/modes_kept.h"
#include "joule/layers/uninitialised.h"

namespace joule::nn {

Shape output_shape(const Kind& kind, const Attributes& attributes, std::span<const Shape> inputs) {
  if (kind.shape) return kind.shape(attributes, inputs);
  const UninitialisedWeights only_shapes_count;
  return output_shape(*kind.make(attributes), inputs);
}

Shape output_shape(Module& module, std::span<const Shape> inputs) {
  const ModesKept kept(module);
  const NoGrad no_grad;
  const ContextGuard guard;
  context().sink = nullptr;
  module.eval();
  std::vector<Tensor> xs;
  for (const Shape& shape : inputs) {
    xs.push_back(Tensor::zeros(shape, DType::f32, module.device()));
  }
  return module(std::move(xs)).shape();
}

}  // namespace joule::nn
