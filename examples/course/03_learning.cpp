// SPDX-License-Identifier: MIT
// Lesson 3: a net that learns, from many images and from few.
// 03_learning [FILE.csv] also writes the points of the lesson's picture.
#include <iostream>
#include <vector>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

double percent(nn::Module& net, const Dataset& images) {
  return 100 * training::evaluate(net, images)->accuracy();
}

/// Accuracy on the images that the net learns from, and on others, before and after each epoch.
struct Curve {
  std::vector<double> train, test;
};

Curve learn(std::int64_t images, int epochs) {
  manual_seed(1);
  const DataSplit data = make_synthetic({.train = images, .test = 500, .noise = 0.6f});
  DataLoader loader(data.train, {.batch = 20});
  auto net = nn::Sequential(nn::Flatten(), nn::Linear(784, 32), nn::ReLU(), nn::Linear(32, 10));
  auto optimizer = Adam(net.parameters(), {.lr = 0.002});
  Curve curve{{percent(net, data.train)}, {percent(net, data.test)}};
  for (int epoch = 0; epoch < epochs; ++epoch) {
    loader.set_epoch(epoch);
    for (const Batch& batch : loader) {
      optimizer.zero_grad();
      const Tensor loss = cross_entropy(net(batch.images), batch.labels);
      loss.backward();
      optimizer.step();
    }
    curve.train.push_back(percent(net, data.train));
    curve.test.push_back(percent(net, data.test));
  }
  return curve;
}

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  constexpr int kEpochs = 8;
  const Curve few = learn(100, kEpochs), many = learn(2000, kEpochs);
  std::cout.precision(3);
  for (const Curve* curve : {&few, &many}) {
    std::cout << (curve == &few ? " 100" : "2000") << " images: knows " << curve->train.front()
              << " % of them before, " << curve->train.back() << " % after " << kEpochs
              << " epochs; of new images " << curve->test.back() << " %\n";
  }
  file << "epoch,100 images: learnt,100 images: new ones,2000 images: learnt,2000 images: new "
          "ones\n";
  for (int i = 0; i <= kEpochs; ++i) {
    file << i << ',' << few.train[i] << ',' << few.test[i] << ',' << many.train[i] << ','
         << many.test[i] << '\n';
  }
  return many.test.back() > 90 && few.test.back() < few.train.back() ? 0 : 1;
}
