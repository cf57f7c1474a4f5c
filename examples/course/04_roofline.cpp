// SPDX-License-Identifier: MIT
// Lesson 4: where time and energy go: MACs per byte, the roof above them, and modelled joules.
// 04_roofline [FILE.csv] also writes the points of the lesson's picture.
#include <algorithm>
#include <iomanip>
#include <iostream>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

// A machine that is only stated, so that everybody gets the same figures; measure your own by
// `joule bench conv`, which says both.
constexpr double kMacs = 50e9;   // per second, all cores together
constexpr double kBytes = 10e9;  // per second, from memory

double roof(double macs_per_byte) { return std::min(kMacs, kBytes * macs_per_byte); }

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  manual_seed(1);
  auto net =
      nn::Sequential(nn::Conv2d({.in = 1, .out = 16, .kernel = 3, .padding = 1}), nn::ReLU(),
                     nn::MaxPool2d(2), nn::Conv2d({.in = 16, .out = 32, .kernel = 3, .padding = 1}),
                     nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), nn::Linear(1568, 10));
  const Tensor images = Tensor::full({32, 28, 28, 1}, 1);
  energy::Ledger ledger;
  {
    const NoGrad inference;
    const energy::Recording recording(ledger);
    net(images);
  }
  file << "MACs per byte,roof,layers\n";
  for (double at = 0.02; at < 130; at *= 2) file << at << ',' << roof(at) / 1e9 << ",\n";
  std::cout << "layer op           MMACs  Mbytes  MACs/byte  GMAC/s at best  of the joules: MACs\n"
            << std::fixed;
  for (const auto& line : ledger.lines()) {
    const double macs = static_cast<double>(line.work.macs);
    const double bytes = static_cast<double>(line.work.bytes_read + line.work.bytes_written);
    const auto parts = energy::horowitz45().parts(line, energy::Skipping::none, 0);
    std::cout << std::left << std::setw(6) << line.run.scope.layer << std::setw(11) << line.run.op
              << std::right << std::setprecision(2) << std::setw(7) << macs / 1e6 << std::setw(8)
              << bytes / 1e6 << std::setw(11) << macs / bytes << std::setw(16)
              << roof(macs / bytes) / 1e9 << std::setw(18) << std::setprecision(0)
              << 100 * (parts.compute / parts.total()) << " %\n";
    if (macs > 0) file << macs / bytes << ",," << roof(macs / bytes) / 1e9 << '\n';
  }
  std::cout << std::setprecision(1) << "the batch of 32 images: "
            << energy::horowitz45().energy(ledger.total(), energy::Skipping::none) << '\n';
  return ledger.total().work.macs == 32 * (107584 + 819200 + 15680) ? 0 : 1;
}
