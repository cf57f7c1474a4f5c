// SPDX-License-Identifier: MIT
#include "joule/layers/activations.h"

#include <cmath>

#include "joule/layers/graph/attributes.h"

namespace joule::nn {

LeakyReLU::LeakyReLU(float slope) : slope_(slope) {
  require(std::isfinite(slope), "LeakyReLU: the slope must be finite, got ", slope);
}
std::string LeakyReLU::describe() const { return str("LeakyReLU(", slope_, ")"); }
LayerSpec LeakyReLU::spec() const { return {"LeakyReLU", {{"slope", decimal(slope_)}}}; }

LayerSpec Sigmoid::spec() const { return {"Sigmoid"}; }
LayerSpec Tanh::spec() const { return {"Tanh"}; }
LayerSpec GELU::spec() const { return {"GELU"}; }
LayerSpec SiLU::spec() const { return {"SiLU"}; }
LayerSpec HardSwish::spec() const { return {"HardSwish"}; }
LayerSpec Softmax::spec() const { return {"Softmax"}; }

}  // namespace joule::nn
