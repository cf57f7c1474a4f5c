// SPDX-License-Identifier: MIT
#include "joule/energy/models/calibration.h"

#include <algorithm>
#include <vector>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

constexpr std::size_t kChanges = 6;
constexpr std::int64_t kPatienceNs = 2'000'000'000;
constexpr Seconds kSlowestSensor(0.1);
constexpr std::int64_t kPollNs = 20'000;  // the fastest counters move every millisecond

/// The times at which one counter was seen to move.
struct Watched {
  Meter* meter;
  Reading last;
  std::vector<std::int64_t> changes = {};

  bool done() const { return changes.size() == kChanges || last.status != Status::ok; }
  void look() {
    const Reading now = meter->read(Purpose::background);
    if (now.shown != last.shown) changes.push_back(now.monotonic_ns);
    last = now;
  }
  Seconds median_period() const {
    std::vector<std::int64_t> periods;
    for (std::size_t i = 1; i < changes.size(); ++i) periods.push_back(changes[i] - changes[i - 1]);
    const auto middle = periods.begin() + std::ssize(periods) / 2;
    std::nth_element(periods.begin(), middle, periods.end());
    return Seconds(1e-9 * static_cast<double>(*middle));
  }
};

void conclude(const Watched& watched) {
  Meter& meter = *watched.meter;
  if (watched.last.status != Status::ok) {
    meter.give_up(watched.last.status, watched.last.reason, meter.info().remedy);
  } else if (watched.done()) {
    meter.set_update_period(watched.median_period());
  } else if (meter.info().integrates_power) {
    meter.set_update_period(kSlowestSensor,
                            str("the power was not seen to change in 2 s: it is taken to be "
                                "renewed every ",
                                kSlowestSensor, ", as by the slowest cards"));
  } else {
    meter.give_up(Status::failed, "the counter does not move (it was watched for 2 s)",
                  "a virtual machine may show a counter that nothing drives: measure on its host");
  }
}

}  // namespace

void calibrate(std::span<const std::unique_ptr<Meter>> meters) {
  std::vector<Watched> watched;
  for (const auto& meter : meters) {
    if (meter->available() && !meter->info().update_period) {
      watched.push_back({meter.get(), meter->read(Purpose::background)});
    }
  }
  if (watched.empty()) return;
  Clock& clock = watched.front().meter->clock();
  const std::int64_t end = clock.now_ns() + kPatienceNs;
  const auto done = [](const Watched& w) { return w.done(); };
  while (!std::all_of(watched.begin(), watched.end(), done) && clock.now_ns() < end) {
    for (Watched& w : watched) {
      if (!w.done()) w.look();
    }
    clock.sleep_ns(kPollNs);
  }
  for (const Watched& w : watched) conclude(w);
}

Reading next_tick(Meter& meter) {
  const auto period = meter.info().update_period;
  const std::int64_t period_ns = period ? static_cast<std::int64_t>(1e9 * period->value()) : 0;
  const std::int64_t patience = period ? 10 * period_ns : kPatienceNs;
  const std::int64_t poll = period ? std::min<std::int64_t>(period_ns / 100, 1'000'000) : kPollNs;
  const Reading first = meter.read();
  Reading now = first;
  while (now.status == Status::ok && now.monotonic_ns - first.monotonic_ns < patience) {
    meter.clock().sleep_ns(poll);
    now = meter.read();
    if (now.status == Status::ok && now.shown != first.shown) {
      now.aligned = true;
      break;
    }
  }
  return now;
}

}  // namespace joule::energy
