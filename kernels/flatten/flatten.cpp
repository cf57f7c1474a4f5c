// SPDX-License-Identifier: MIT
#include "joule/kernels/flatten/flatten.h"

namespace joule {
Tensor flatten(Tensor x) {
  require(x.defined() && x.shape().rank() >= 1, "flatten: x needs at least one dimension");
  std::int64_t features = 1;  // not numel / N, which an empty batch does not have
  for (int d = 1; d < x.shape().rank(); ++d) features *= x.dim(d);
  return x.reshape({x.dim(0), features});
}

}  // namespace joule
