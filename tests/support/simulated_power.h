// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "joule/energy/meter.h"

// A machine that draws power on simulated time, and a counter of it: meters without hardware.
namespace joule::test {

/// A clock on which time passes only when somebody waits, and a machine that draws `milliwatts`
/// meanwhile.  Its counter is updated every `period_ns`.
class SimulatedPower final : public energy::Clock {
 public:
  explicit SimulatedPower(std::int64_t period_ns, std::int64_t milliwatts)
      : milliwatts(milliwatts), period_ns_(period_ns) {}

  std::int64_t now_ns() override { return now_; }
  void sleep_ns(std::int64_t ns) override {
    while (ns > 0) {
      const std::int64_t step = std::min(ns, period_ns_ - now_ % period_ns_);
      drawn_ += step * milliwatts;
      now_ += step;
      ns -= step;
      if (now_ % period_ns_ == 0) shown_ = drawn_;
    }
  }
  /// Picojoules: all of them, and what the counter shows.
  std::int64_t drawn() const { return drawn_; }
  std::int64_t shown() const { return shown_; }

  bool simulated() const override { return alone; }

  std::int64_t milliwatts;
  bool alone = false;  // no thread of a window looks in

 private:
  std::int64_t period_ns_;
  std::int64_t now_ = 5'000'000'000;  // as on a machine that has been up for a while
  std::int64_t drawn_ = 0, shown_ = 0;
};

/// Counts the simulated machine's energy in millijoules, as NVML does, or in what `unit` says.
class SimulatedMeter final : public energy::Meter {
 public:
  explicit SimulatedMeter(SimulatedPower& power, energy::MeterInfo info = usual())
      : Meter(std::move(info), power), power_(power) {}

  static energy::MeterInfo usual() {
    return {.name = "simulated",
            .scope = "everything",
            .domain = energy::Domain::machine,
            .unit = energy::Joules(1e-3)};
  }

  // What happens at the next reading.
  std::int64_t offset = 0;  // ticks to add: negative, and the counter goes backwards
  std::string failure;      // and it never answers again
  std::string reset;
  std::optional<energy::PowerIntegral> integral;
  int samples = 0;  // taken so far

 private:
  Sample sample(energy::Purpose) override {
    ++samples;
    const auto tick = static_cast<std::int64_t>(1e12 * info().unit.value() + 0.5);
    return {.ticks = power_.shown() / tick + offset,
            .failure = failure,
            .retry = Retry::never,
            .reset = std::exchange(reset, {}),
            .integral = integral};
  }

  SimulatedPower& power_;
};

}  // namespace joule::test
