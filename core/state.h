// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "joule/core/tensor.h"

namespace joule {

/// A tensor with its full name in the net: "block1.conv2.weight".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Everything that must be saved to continue a module, an optimiser or a schedule bit for bit.
/// A checkpoint file holds it.
struct State {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> values;  // numbers as text that reads back exactly
};

}  // namespace joule
