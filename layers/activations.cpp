// SPDX-License-Identifier: MIT
#include "joule/layers/activations.h"

#include <cmath>
#include <limits>

#include "joule/core/error.h"
#include "joule/kernels/binary/binary.h"
#include "joule/kernels/relu/relu.h"
#include "joule/layers/graph/attributes.h"

namespace joule::nn {
namespace {

Tensor clip_bound(float value, const Tensor& like) {
  return Tensor::full({}, value, like.device()).to(like.dtype());
}

/// x - relu(x - most) is exact below the bound.  Far above it the difference is rounded, which a
/// second time takes back where it ended above.
Tensor at_most(Tensor x, float most) {
  const Tensor bound = clip_bound(most, x);
  for (int i = 0; i < 2; ++i) x = sub(x, relu(sub(x, bound)));
  return x;
}

Tensor at_least(const Tensor& x, float least) {
  if (least == 0) return relu(x);
  Tensor y = x;
  const Tensor bound = clip_bound(least, x);
  for (int i = 0; i < 2; ++i) y = add(y, relu(sub(bound, y)));
  return y;
}

}  // namespace

LeakyReLU::LeakyReLU(float slope) : slope_(slope) {
  require(std::isfinite(slope), "LeakyReLU: the slope must be finite, got ", slope);
}
std::string LeakyReLU::describe() const { return str("LeakyReLU(", slope_, ")"); }
LayerSpec LeakyReLU::spec() const { return {"LeakyReLU", {{"slope", decimal(slope_)}}}; }

ELU::ELU(float alpha) : alpha_(alpha) {
  require(std::isfinite(alpha), "ELU: alpha must be finite, got ", alpha);
}
std::string ELU::describe() const { return str("ELU(", alpha_, ")"); }
LayerSpec ELU::spec() const { return {"ELU", {{"alpha", decimal(alpha_)}}}; }

LayerSpec Sigmoid::spec() const { return {"Sigmoid"}; }
LayerSpec Tanh::spec() const { return {"Tanh"}; }
LayerSpec Erf::spec() const { return {"Erf"}; }
LayerSpec GELU::spec() const { return {"GELU"}; }
LayerSpec SiLU::spec() const { return {"SiLU"}; }
LayerSpec HardSwish::spec() const { return {"HardSwish"}; }
LayerSpec Softmax::spec() const { return {"Softmax"}; }

Clip::Clip(float least, float most) : least_(least), most_(most) {
  require(std::isfinite(least) && std::isfinite(most) && least < most,
          "Clip: expected finite bounds that ascend, got ", least, " and ", most);
}

std::string Clip::describe() const { return str("Clip(", least_, ", ", most_, ")"); }

LayerSpec Clip::spec() const {
  using Float = std::numeric_limits<float>;  // as a decimal fraction these would be out of range
  return {"Clip",
          {{"max", most_ < Float::max() ? decimal(most_) : double{most_}},
           {"min", least_ > Float::lowest() ? decimal(least_) : double{least_}}}};
}

Tensor Clip::forward(Tensor x) {
  using Float = std::numeric_limits<float>;
  if (least_ > Float::lowest()) x = at_least(x, least_);
  return most_ < Float::max() ? at_most(std::move(x), most_) : x;
}

}  // namespace joule::nn
