// SPDX-License-Identifier: MIT
// Lesson 6: the L0 penalty makes zeros: nets of several weights of the penalty, and their front.
// 06_penalty [FILE.csv] also writes the points of the lesson's picture.
#include <iomanip>
#include <iostream>
#include <vector>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

/// What a net came to.
struct Point {
  double lambda, accuracy, density;  // the latter in percent, as all shares
  double skippable, skipped;         // of the MACs: with a zero operand; really left out
};

Point train(const DataSplit& data, float lambda) {
  manual_seed(1);
  DataLoader loader(data.train, {.batch = 32});
  auto net = nn::Sequential(
      nn::Conv2d({.in = 1, .out = 8, .kernel = 3, .stride = 2, .padding = 1}), nn::ReLU(),
      nn::Conv2d({.in = 8, .out = 16, .kernel = 3, .stride = 2, .padding = 1}), nn::ReLU(),
      nn::Flatten(), nn::Linear(16 * 49, 10));
  auto optimizer = Adam(net.parameters(), {.lr = 0.005});
  for (int epoch = 0; epoch < 4; ++epoch) {
    loader.set_epoch(epoch);
    for (const Batch& batch : loader) {
      optimizer.zero_grad();
      auto [logits, taps] = net.forward_with_taps(batch.images, {.sigma = 1e-4f});
      const Tensor loss = cross_entropy(logits, batch.labels) +
                          l0_penalty(taps, {.lambda = lambda, .sigma = 1e-4f});
      loss.backward();
      optimizer.step();
    }
  }
  const auto test = training::evaluate(net, data.test);
  const energy::Totals work = training::total_work(*test);
  const auto share = [](std::int64_t part, std::int64_t of) {
    return 100 * static_cast<double>(part) / static_cast<double>(of);
  };
  return {lambda, 100 * test->accuracy(), 100 * training::all_relus(*test).density(),
          share(work.tally.macs_skippable, work.work.macs),
          share(work.tally.macs_skipped, work.work.macs)};
}

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  const DataSplit data = make_synthetic({.train = 1000, .test = 500, .noise = 1});
  std::vector<Point> points;
  for (const float lambda : {0.0f, 1.0f, 3.0f, 10.0f, 30.0f}) {
    points.push_back(train(data, lambda));
  }
  file << "% of the MACs that are left,without all that have a zero,without those skipped\n";
  std::cout << "lambda  accuracy  ReLU outputs not zero  MACs skippable  skipped here\n"
            << std::fixed << std::setprecision(1);
  for (const Point& p : points) {
    std::cout << std::setw(6) << p.lambda << std::setw(8) << p.accuracy << " %" << std::setw(21)
              << p.density << " %" << std::setw(14) << p.skippable << " %" << std::setw(12)
              << p.skipped << " %\n";
    file << 100 - p.skippable << ',' << p.accuracy << ",\n";
    file << 100 - p.skipped << ",," << p.accuracy << '\n';
  }
  return points[2].skippable > points[0].skippable && points[2].accuracy > 85 ? 0 : 1;
}
