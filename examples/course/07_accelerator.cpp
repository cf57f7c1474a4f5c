// SPDX-License-Identifier: MIT
// Lesson 7: what two models of an accelerator say of the same nets, and what they hide.
// 07_accelerator [FILE.csv] also writes the points of the lesson's picture.
#include <iomanip>
#include <iostream>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

struct Ratios {
  double sponge, zero_skip, macs;  // of what is spent if no zero is skipped
};

/// Ratios of a net whose ReLUs put out a share of non-zeros.
Ratios ratios(nn::Module& net, const Tensor& images, double density) {
  energy::Ledger ledger;
  Generator generator(1);
  const auto layers =
      training::count_pass(net, images, {.relu_density = density}, ledger, generator);
  const auto work = ledger.total();
  const auto skippable = static_cast<double>(work.tally.macs_skippable);
  return {energy::asic_models()[0].energy(training::total(layers)).ratio(),
          training::estimate(energy::zero_skip(), ledger, layers).ratio,
          1 - skippable / static_cast<double>(work.work.macs)};
}

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  manual_seed(1);
  auto net = make_model({.name = "lenet5"});
  const Tensor images = Tensor::full({16, 28, 28, 1}, 1);
  file << "% of the ReLU outputs that are not zero,sponge,zero-skip,MACs alone\n";
  std::cout << "share of non-zeros  sponge  zero-skip  MACs alone\n"
            << std::fixed << std::setprecision(2);
  for (const int percent : {0, 20, 40, 60, 80, 100}) {
    const Ratios r = ratios(net, images, percent / 100.0);
    std::cout << std::setw(16) << percent << " %" << std::setw(8) << r.sponge << std::setw(11)
              << r.zero_skip << std::setw(12) << r.macs << '\n';
    file << percent << ',' << r.sponge << ',' << r.zero_skip << ',' << r.macs << '\n';
  }

  // Each channel by itself: 64 groups.
  auto depthwise =
      nn::Sequential(nn::Conv2d({.in = 64, .out = 64, .kernel = 3, .padding = 1, .groups = 64}));
  energy::Ledger ledger;
  const auto layers = training::count_pass(depthwise, Tensor::full({1, 16, 16, 64}, 1), {}, ledger);
  const std::int64_t operations = training::total(layers).operations,
                     macs = ledger.total().work.macs;
  std::cout << "a depthwise convolution: " << operations << " operations by sponge, " << macs
            << " MACs by Joule\n";
  return operations == 16 * 16 * 64 * 9 * 64 && macs == 46 * 46 * 64 ? 0 : 1;
}
