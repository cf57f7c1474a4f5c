// SPDX-License-Identifier: MIT
#include "core/context.h"

#include <joule/core/context.h>
#include <joule/layers/containers.h>
#include <joule/layers/functions.h>
#include <joule/optim/optimizers.h>

// A step of a net, by the components layers and optim and what they need alone.
int main() {
  using namespace joule;
  ConsumerContext mine;
  nn::Sequential net(nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 2));
  auto optimizer = Sgd(net.parameters(), {.lr = 0.1});
  Tensor x(Shape{3, 4});
  x.fill(1);
  Tensor labels(Shape{3}, DType::i32);
  labels.fill(1);
  double loss = 0;
  for (int step = 0; step < 2; ++step) {
    optimizer.zero_grad();
    const Tensor value = cross_entropy(net(x), labels);
    if (step == 1 && value.item() >= loss) return 1;
    loss = value.item();
    value.backward();
    optimizer.step();
    ++mine.batches;
  }
  return mine.batches == 2 ? 0 : 1;
}
