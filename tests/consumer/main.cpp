// SPDX-License-Identifier: MIT
#include <iostream>

#include <joule/joule.h>

#include "core/context.h"
#include "data/loader.h"

// Something of each library: what is not linked or not installed fails here.
int main() {
  using namespace joule;
  ConsumerContext mine;
  const auto images = ConsumerLoader().images;
  auto model = training::make_model_for("lenet5", "synthetic",
                                        make_synthetic({.train = images, .test = images}).train);
  auto optimizer = Sgd(model.net.parameters(), {.lr = 0.01});
  const DataLoader loader(make_synthetic({.train = images, .test = images}).train, {.batch = 8});
  energy::Ledger ledger;
  for (const Batch& batch : loader) {
    const energy::Recording recording(ledger);
    cross_entropy(model.net(batch.images), batch.labels).backward();
    optimizer.step();
    ++mine.batches;
  }
  std::cout << "joule " << version() << ": " << ledger.total().work.macs << " MACs\n";
  return mine.batches == 1 && ledger.total().work.macs > 0 ? 0 : 1;
}
