// SPDX-License-Identifier: MIT
#include "joule/kernels/dropout/dropout.h"

#include "joule/core/autograd/autograd.h"
#include "joule/core/backend/backend.h"
#include "joule/kernels/function.h"

namespace joule {
Tensor dropout(Tensor x, float probability, Generator& generator) {
  require(x.defined(), "dropout: x is undefined");
  require(&generator == &default_generator() || backend(x.device()).capturing() == 0,
          "dropout: a captured step draws from default_generator() only");
  Tensor y = overwrite_or_allocate(x);
  const RandomState random = generator.reserve((static_cast<std::uint64_t>(x.numel()) + 3) / 4);
  dispatch(ops::Dropout{.x = x, .y = y, .probability = probability, .random = random});
  record("dropout", {x}, {&y}, [probability, random](std::span<const Tensor> grads) {
    const Tensor grad_x = reuse_or_allocate(grads[0]);
    dispatch(
        ops::Dropout{.x = grads[0], .y = grad_x, .probability = probability, .random = random});
    return std::vector<Tensor>{grad_x};
  });
  hand_on_unused_zeros(x, y);  // what was dropped gets no gradient, and what is 0 stays 0
  return y;
}

}  // namespace joule
