// SPDX-License-Identifier: MIT
#include "joule/energy/models/calibration.h"

#include <algorithm>
#include <vector>

#include "joule/core/error.h"

namespace joule::energy {
namespace {

constexpr std::size_t kChanges = 6;
constexpr std::int64_t kPatienceNs = 2'000'000'000;
constexpr std::int64_t kOutageNs = 500'000'000;           // of a counter that does not answer
constexpr std::int64_t kLongPatienceNs = 10'000'000'000;  // of what has moved, but seldom
constexpr Seconds kSlowestSensor(0.1);
constexpr std::int64_t kPollNs = 20'000;  // the fastest counters move every millisecond

/// The times at which one counter was seen to move.
struct Watched {
  Meter* meter;
  Reading last;
  std::int64_t shown = 0;  // by the last reading that is ok
  std::vector<std::int64_t> changes = {};

  bool dead() const {
    return last.status != Status::ok && last.monotonic_ns - last.since_ns >= kOutageNs;
  }
  bool done() const { return changes.size() == kChanges || dead(); }
  bool seldom() const { return !done() && !changes.empty() && !meter->info().integrates_power; }
  void look() {
    last = meter->read(Purpose::background);
    if (last.status != Status::ok) return;
    if (last.shown != shown) changes.push_back(last.monotonic_ns);
    shown = last.shown;
  }
  Seconds longest_period() const {
    std::int64_t longest = 0;
    for (std::size_t i = 1; i < changes.size(); ++i) {
      longest = std::max(longest, changes[i] - changes[i - 1]);
    }
    return Seconds(1e-9 * static_cast<double>(longest));
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
  } else if (watched.changes.size() > 1) {
    meter.set_update_period(watched.longest_period(),
                            str("it was seen to move only ", watched.changes.size(),
                                " times: the update period is the longest time in between"));
  } else if (watched.seldom()) {
    meter.give_up(Status::failed, "the counter moved only once in 10 s",
                  "there is no telling how often it moves: use another source");
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
      const Reading first = meter->read(Purpose::background);
      watched.push_back({meter.get(), first, first.shown});
    }
  }
  if (watched.empty()) return;
  Clock& clock = watched.front().meter->clock();
  const std::int64_t begin = clock.now_ns();
  const auto done = [&](const Watched& w) {
    const std::int64_t patience = w.seldom() ? kLongPatienceNs : kPatienceNs;
    return w.done() || clock.now_ns() - begin >= patience;
  };
  while (!std::all_of(watched.begin(), watched.end(), done)) {
    for (Watched& w : watched) {
      if (!done(w)) w.look();
    }
    const bool seldom = clock.now_ns() - begin >= kPatienceNs;
    clock.sleep_ns(seldom ? 10 * kPollNs : kPollNs);
  }
  for (const Watched& w : watched) conclude(w);
}

std::optional<std::int64_t> wait_for_tick(Meter& meter) {
  const auto period = meter.info().update_period;
  const std::int64_t period_ns = period ? static_cast<std::int64_t>(1e9 * period->value()) : 0;
  const std::int64_t patience = period ? 10 * period_ns : kPatienceNs;
  const std::int64_t poll =
      period ? std::clamp<std::int64_t>(period_ns / 100, 1, 1'000'000) : kPollNs;
  const Reading first = meter.read(Purpose::background);
  if (first.status != Status::ok) return {};
  std::int64_t before_ns = first.monotonic_ns;
  for (std::int64_t waited = 0; waited < patience; waited += poll) {
    meter.clock().sleep_ns(poll);
    const Reading now = meter.read(Purpose::background);
    if (now.status != Status::ok) return {};
    if (now.shown != first.shown) return before_ns;
    before_ns = now.monotonic_ns;
  }
  return {};
}

Reading next_tick(Meter& meter) { return meter.read(Purpose::window, wait_for_tick(meter)); }

}  // namespace joule::energy
