// SPDX-License-Identifier: MIT
// Measures the energy of a net's forward passes with the meter of what they run on, the processors:
// each pass, and all of them.  Without that meter it says why there is none.  measure_energy
// replay:FILE reads a trace.
#include <iostream>
#include <vector>

#include <joule/joule.h>

using namespace joule;

int main(int argc, char** argv) {
  const energy::RunsOn where{.device = Device::cpu};
  const auto run = energy::open_run_meters(argc > 1 ? argv[1] : "auto", where);
  energy::Meter& meter = *run.meters.front();  // of the sum; others stand behind it

  // The idle power: nothing runs.
  const energy::Seconds rest(meter.available() ? 1 : 0);
  const std::vector before = {energy::watch_idle(meter, rest)};
  const auto idle = energy::measured_idle_power(meter.info(), before);

  auto net = make_model({.name = "lenet5"});
  const DataLoader loader(make_synthetic().train, {.batch = 64});
  const NoGrad inference;
  energy::Window window(meter);
  std::vector<energy::Interval> passes;
  for (const Batch& batch : loader) {
    net(batch.images);
    passes.push_back(window.lap());
  }
  const energy::Interval whole = window.close();

  const energy::Measurement measurement = energy::measure(meter.info(), whole, idle);
  std::cout << "gross    " << measurement.gross << "\ndynamic  " << measurement.dynamic << '\n';
  if (!whole.problem().empty()) return 0;                          // the reason was in the figures
  std::int64_t ticks = whole.end.ticks - passes.back().end.ticks;  // after the last pass
  for (const energy::Interval& pass : passes) ticks += pass.ticks();
  std::cout << passes.size() << " passes, " << ticks << " ticks of " << meter.info().unit << '\n';
  return ticks == whole.ticks() ? 0 : 1;
}
