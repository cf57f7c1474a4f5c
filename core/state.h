// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "joule/core/tensor.h"

namespace joule {

/// A tensor and its full name in the net: "block1.conv2.weight".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Everything that must be saved so that something can be continued bit for bit: a module, an
/// optimiser, a schedule.  What goes into a checkpoint file.
struct State {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> values;  // numbers as text that reads back exactly
};

}  // namespace joule
