// SPDX-License-Identifier: MIT
#include "joule/kernels/dropout/dropout.h"

#include "joule/core/autograd/autograd.h"
#include "joule/core/backend/backend.h"
#include "joule/core/batch_share.h"
#include "joule/kernels/function.h"

namespace joule {
namespace {

/// Where an operation's random numbers begin: see ops::Dropout.
struct Draws {
  RandomState random;
  int skip;
};

Draws draws_for(const Tensor& x, Generator& generator) {
  const BatchShare& share = batch_share();
  const auto counters = [](std::int64_t numbers) {
    return (static_cast<std::uint64_t>(numbers) + 3) / 4;
  };
  if (share.all == 0) return {generator.reserve(counters(x.numel())), 0};
  require(x.shape().rank() >= 1 && x.dim(0) == share.count,
          "dropout: of a batch that is shared x must be ", share.count, " images, it is ",
          x.shape());
  const std::int64_t per_image = x.numel() / share.count, first = share.first * per_image;
  Draws draws{generator.reserve(counters(share.all * per_image)), static_cast<int>(first % 4)};
  draws.random.next += static_cast<std::uint64_t>(first / 4);
  return draws;
}

}  // namespace

Tensor dropout(Tensor x, float probability, Generator& generator) {
  require(x.defined(), "dropout: x is undefined");
  require(&generator == &default_generator() || backend(x.device()).capturing() == 0,
          "dropout: a captured step draws from default_generator() only");
  Tensor y = overwrite_or_allocate(x);
  const auto [random, skip] = draws_for(x, generator);
  ops::Dropout op{.x = x, .y = y, .probability = probability, .random = random, .skip = skip};
  dispatch(op);
  op.x = op.y = {};  // of the gradient, the same numbers
  record("dropout", {x}, {&y}, [op](std::span<const Tensor> grads) {
    const Tensor grad_x = reuse_or_allocate(grads[0]);
    ops::Dropout grad = op;
    grad.x = grads[0];
    grad.y = grad_x;
    dispatch(grad);
    return std::vector<Tensor>{grad_x};
  });
  hand_on_unused_zeros(x, y);  // what was dropped gets no gradient, and what is 0 stays 0
  return y;
}

}  // namespace joule
