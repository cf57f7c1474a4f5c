// SPDX-License-Identifier: MIT
#include "joule/kernels/argmax/argmax.h"

#include <cmath>

#include "joule/kernels/function.h"

namespace joule {
std::vector<std::int32_t> argmax(const Tensor& logits) {
  require_rank("argmax", "logits", logits, 2);
  const std::int64_t classes = logits.dim(1);
  require(classes > 0, "argmax: logits have no classes: ", logits.shape());
  std::vector<std::int32_t> best;
  const Tensor on_host = logits.to(Device::cpu);
  const float* row = on_host.data<float>();
  for (std::int64_t n = 0; n < logits.dim(0); ++n, row += classes) {
    std::int64_t largest = 0;
    // Nothing compares as greater than a NaN, and a NaN as greater than nothing.
    for (std::int64_t k = 1; k < classes && !std::isnan(row[largest]); ++k) {
      if (row[k] > row[largest] || std::isnan(row[k])) largest = k;
    }
    best.push_back(static_cast<std::int32_t>(largest));
  }
  return best;
}

}  // namespace joule
