// SPDX-License-Identifier: MIT
// Lesson 8: recordings of a load that is known, so that it can be seen how far a meter is right.
// 08_meters [FILE.csv] also writes recording.jsonl, and the points of the lesson's picture.
#include <cmath>
#include <iostream>

#include <joule/joule.h>

#include "joule/examples/course/lesson.h"

using namespace joule;

/// Joules until t: 3 W always, and 12 W more in every second second, when the program works.
double spent(double t) {
  return 3 * t + 12 * (std::floor(t / 2) + std::max(0., std::fmod(t, 2) - 1));
}

/// Writes what a counter shows that moves every `period` seconds: quiet, at work, quiet again.
void record(double period, double length, const std::string& fault = {}) {
  std::ofstream file("recording.jsonl");
  file << R"({"joule_trace":1,"meter":"rapl","scope":"package 0","joules_per_tick":1e-06,)"
       << R"("systematic":0.0,"update_period_s":)" << period << "}\n";
  const double begin = 1.0123, end = begin + length;
  for (int i = 0; i < 20; ++i) {  // eight slices of quiet, work, eight slices
    const double t = i == 9 ? begin : i == 10 ? end : 0.1234 + 0.1 * i + 0.9 * (i > 8);
    const auto microjoules = std::llround(spent(std::floor(t / period) * period) * 1e6);
    const bool slice = i % 11 > 0 && i % 11 < 8;
    file << R"({"ns":)" << std::llround(t * 1e9) << (slice ? R"(,"slice":true,)" : ",");
    if (i == 10 && !fault.empty())
      file << fault << "}\n";
    else
      file << R"("ticks":)" << microjoules << "}\n";
  }
}

/// The work's energy above the idle power, as the recording has it.
energy::Figure<energy::Joules> dynamic() {
  const auto meters = energy::open_meters("replay:recording.jsonl");
  energy::Meter& meter = *meters.front();
  const std::vector before{energy::watch_idle(meter, energy::Seconds(0.8))};
  energy::Window work(meter);
  const energy::Interval interval = work.close();
  const auto idle = energy::measured_idle_power(meter.info(), before);
  return energy::measure(meter.info(), interval, idle).dynamic;
}

int main(int argc, char** argv) {
  std::ofstream file = points_file(argc, argv);
  file << "seconds of work,the counter moves every ms,it moves every 100 ms\n";
  bool right = true;
  for (const double length : {0.02, 0.05, 0.1, 0.2, 0.4, 0.8}) {
    std::cout << "truth " << energy::Joules(12 * length) << '\n';
    file << length;
    for (const double period : {0.001, 0.1}) {
      record(period, length);
      const auto figure = dynamic();
      std::cout << "  every " << energy::Seconds(period) << ": " << figure << '\n';
      file << ',';
      if (!figure.available()) continue;
      const double doubt = figure.uncertainty()->value();
      right = right && std::abs(figure.value().value() - 12 * length) <= doubt;
      file << 100 * doubt / (12 * length);
    }
    file << '\n';
  }
  record(0.001, 0.8, R"("ticks":1000)");
  std::cout << "a counter that begins anew: " << dynamic() << '\n';
  record(0.001, 0.8, R"("failure":"read: Input/output error")");
  std::cout << "a reading that fails: " << dynamic() << '\n';
  record(0.001, 0.8);
  return right ? 0 : 1;
}
