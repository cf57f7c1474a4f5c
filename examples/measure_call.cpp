// SPDX-License-Identifier: MIT
// What one forward pass of a net costs, in three lines: measured where there is a meter, else the
// reason why there is none.  measure_call METER: auto, rapl, perf, nvml, none.
#include <iostream>

#include <joule/joule.h>

using namespace joule;

int main(int argc, char** argv) {
  auto net = make_model({.name = "lenet5"});
  const Dataset images = make_synthetic().train;
  const Batch batch = *DataLoader(images, {.batch = 64}).begin();
  const NoGrad inference;

  const auto cost =
      energy::measure([&] { net(batch.images); }, {.meter = argc > 1 ? argv[1] : "auto"});
  std::cout << "energy    " << cost.energy << "\nduration  " << cost.duration << '\n';
  return cost.duration.available() ? 0 : 1;
}
