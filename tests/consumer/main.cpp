// SPDX-License-Identifier: MIT
#include <iostream>

#include <joule/joule.h>

// Something of each library: what is not linked or not installed fails here.
int main() {
  using namespace joule;
  auto net = make_model({.name = "lenet5"});
  auto optimizer = Sgd(net.parameters(), {.lr = 0.01});
  const DataLoader loader(make_synthetic({.train = 8, .test = 8}).train, {.batch = 8});
  energy::Ledger ledger;
  for (const Batch& batch : loader) {
    const energy::Recording recording(ledger);
    cross_entropy(net(batch.images), batch.labels).backward();
    optimizer.step();
  }
  std::cout << "joule " << version() << ": " << ledger.total().work.macs << " MACs\n";
  return ledger.total().work.macs > 0 ? 0 : 1;
}
