// SPDX-License-Identifier: MIT
// Lesson 10: half the joules at one point of accuracy, tried on images that are made.
// 10_budget [FILE.csv] also writes the points of the lesson's picture.
#include <iomanip>
#include <iostream>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

/// What a net came to: accuracy in percent, modelled microjoules of the inference of one image by a
/// machine that neither moves nor multiplies zeros.
struct Result {
  std::string name;
  double accuracy = 0, microjoules = 0;
};

/// Trains a net with `channels` filters and a penalty of weight `lambda`, and judges it.
Result train(const std::string& name, std::int64_t channels, float lambda) {
  manual_seed(1);
  const DataSplit data = make_synthetic({.train = 1000, .test = 500, .noise = 0.8f});
  DataLoader loader(data.train, {.batch = 32});
  auto net = nn::Sequential(
      nn::Conv2d({.in = 1, .out = channels, .kernel = 3, .stride = 2, .padding = 1}), nn::ReLU(),
      nn::Conv2d({.in = channels, .out = 2 * channels, .kernel = 3, .stride = 2, .padding = 1}),
      nn::ReLU(), nn::Flatten(), nn::Linear(2 * channels * 49, 10));
  auto optimizer = Adam(net.parameters(), {.lr = 0.005});
  for (int epoch = 0; epoch < 4; ++epoch) {
    loader.set_epoch(epoch);
    for (const Batch& batch : loader) {
      optimizer.zero_grad();
      auto [logits, taps] = net.forward_with_taps(batch.images, {.sigma = 1e-4f});
      (cross_entropy(logits, batch.labels) + l0_penalty(taps, {.lambda = lambda, .sigma = 1e-4f}))
          .backward();
      optimizer.step();
    }
  }
  const auto test = training::evaluate(net, data.test);
  const auto joules =
      energy::horowitz45().energy(training::total_work(*test), energy::Skipping::ideal);
  return {name, 100 * test->accuracy(), 1e6 * joules.value().value() / 500};
}

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  const std::vector results{train("16 filters", 16, 0), train("16 filters, penalty", 16, 10),
                            train("8 filters", 8, 0), train("7 filters", 7, 0),
                            train("6 filters", 6, 0)};
  const Result& standard = results.front();
  file << "microjoules per image,accuracy in %\n";
  std::cout << std::fixed << std::setprecision(1);
  bool met = false;
  for (const Result& r : results) {
    const bool within =
        r.microjoules <= standard.microjoules / 2 && r.accuracy >= standard.accuracy - 1;
    std::cout << std::left << std::setw(20) << r.name << std::right << std::setw(7) << r.accuracy
              << " %" << std::setw(8) << r.microjoules << " uJ per image"
              << (within ? "  within the budget" : "") << '\n';
    file << r.microjoules << ',' << r.accuracy << '\n';
    met = met || within;
  }
  return met ? 0 : 1;
}
