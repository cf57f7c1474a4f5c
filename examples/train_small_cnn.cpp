// SPDX-License-Identifier: MIT
// Trains a small CNN with the L0 penalty: train_small_cnn [data set].
#include <iostream>

#include <joule/joule.h>

int main(int argc, char** argv) {
  using namespace joule;
  manual_seed(1);
  const DataSplit data = load_dataset(argc > 1 ? argv[1] : "synthetic");  // or "fashion-mnist"
  DataLoader loader(data.train, {.batch = 64});

  auto net = nn::Sequential(nn::Conv2d({.in = 1, .out = 16, .kernel = 3, .padding = 1}), nn::ReLU(),
                            nn::MaxPool2d(2), nn::Flatten(), nn::Linear(16 * 14 * 14, 10));
  auto optimizer = Sgd(net.parameters(), {.lr = 0.02, .momentum = 0.9, .nesterov = true});
  double accuracy = 0;
  for (int epoch = 0; epoch < 3; ++epoch) {
    loader.set_epoch(epoch);
    for (const Batch& batch : loader) {
      optimizer.zero_grad();
      auto [logits, taps] = net.forward_with_taps(batch.images, {.sigma = 1e-4f});
      auto loss =
          cross_entropy(logits, batch.labels) + l0_penalty(taps, {.lambda = 0.1f, .sigma = 1e-4f});
      loss.backward();
      optimizer.step();
    }
    const auto test = training::evaluate(net, data.test);
    accuracy = test->accuracy();
    std::cout << "epoch " << epoch + 1 << ": accuracy " << accuracy << ", ReLU density "
              << test->relus[0].density() << '\n';
  }
  return accuracy > 0.9 ? 0 : 1;
}
