// SPDX-License-Identifier: MIT
// Lesson 1: a tensor, a MAC, and the same MACs counted by hand, by a formula and by the ledger.
// 01_mac [FILE.csv] also writes the points of the lesson's picture.
#include <iostream>
#include <vector>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

/// The MACs that Joule counts while `run` runs.
template <class Run>
std::int64_t counted(Run&& run) {
  energy::Ledger ledger;
  {
    const energy::Recording recording(ledger);
    run();
  }
  return ledger.total().work.macs;
}

/// Of a convolution from 1 to 16 channels on one image; padded so that its size stays.
std::int64_t macs_of_convolution(std::int64_t side, std::int64_t kernel) {
  nn::Conv2d layer({.in = 1, .out = 16, .kernel = kernel, .padding = kernel / 2});
  return counted([&] { layer(Tensor::zeros({1, side, side, 1})); });
}

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  const NoGrad inference;
  const Tensor x = Tensor::from(std::vector{1.0f, 2.0f, 3.0f}, {1, 3});
  const Tensor w = Tensor::from(std::vector{1.0f, 0.0f, -1.0f, 0.5f, 0.5f, 0.5f}, {2, 3});
  std::cout << "x has the shape " << x.shape() << ": " << x.numel() << " numbers, " << x.bytes()
            << " bytes\n";
  std::int64_t by_hand = 0;
  for (int o = 0; o < 2; ++o) {
    float y = 0;
    for (int i = 0; i < 3; ++i, ++by_hand) y += x.data<float>()[i] * w.data<float>()[3 * o + i];
    std::cout << "by hand     y[" << o << "] = " << y << '\n';
  }
  Tensor y;
  const std::int64_t by_ledger = counted([&] { y = linear(x, w); });
  std::cout << "by linear() y = " << y.data<float>()[0] << ", " << y.data<float>()[1] << '\n'
            << "MACs        " << by_hand << " by hand, " << by_ledger << " by the ledger\n";

  const std::int64_t every_tap = 28 * 28 * 9 * 16, inside = macs_of_convolution(28, 3);
  std::cout << "3x3 convolution, 28x28 pixels, 1 to 16 channels: " << every_tap << " taps, "
            << inside << " of them inside the image\n";
  file << "side of the image,kernel 1x1,kernel 3x3,kernel 5x5\n";
  for (const std::int64_t side : {4, 8, 16, 24, 32, 48, 64}) {
    file << side;
    for (const std::int64_t kernel : {1, 3, 5}) file << ',' << macs_of_convolution(side, kernel);
    file << '\n';
  }
  return by_hand == by_ledger && inside == 16 * 82 * 82 ? 0 : 1;
}
