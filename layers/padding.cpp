// SPDX-License-Identifier: MIT
#include "joule/layers/padding.h"

#include <vector>

#include "joule/core/error.h"
#include "joule/layers/functions.h"
#include "joule/layers/graph/attributes.h"

namespace joule::nn {

std::string Pad2d::describe() const {
  return str("Pad2d(top=", before_.h, ", bottom=", after_.h, ", left=", before_.w,
             ", right=", after_.w, ")");
}

LayerSpec Pad2d::spec() const {
  return {"Pad2d",
          {{"padding", std::vector<std::int64_t>{before_.h, after_.h, before_.w, after_.w}}}};
}

Tensor Pad2d::forward(Tensor x) { return pad2d(x, before_, after_); }

}  // namespace joule::nn
