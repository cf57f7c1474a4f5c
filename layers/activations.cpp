// SPDX-License-Identifier: MIT
#include "joule/layers/activations.h"

#include <cmath>

namespace joule::nn {

LeakyReLU::LeakyReLU(float slope) : slope_(slope) {
  require(std::isfinite(slope), "LeakyReLU: the slope must be finite, got ", slope);
}
std::string LeakyReLU::describe() const { return str("LeakyReLU(", slope_, ")"); }

}  // namespace joule::nn
