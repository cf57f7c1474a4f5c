// SPDX-License-Identifier: MIT
#include "joule/energy/meters/sensors/power_meter.h"

#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meters/sensors/power_sum.h"

namespace joule::energy {
namespace {

constexpr Joules kPowerTick(1e-6);
constexpr Seconds kFirstSamplePeriod(0.1);
constexpr std::int64_t kSecondNs = 1'000'000'000;

class PowerMeter final : public Meter {
 public:
  PowerMeter(MeterInfo info, Clock& clock, std::function<PowerSample()> ask)
      : Meter(std::move(info), clock), ask_(std::move(ask)) {}

 private:
  Sample sample(Purpose) override {
    const std::int64_t before = clock().now_ns();
    PowerSample power = ask_();
    if (!power.failure.empty()) {
      if (power.interrupts) interrupted_ = power.failure;
      return {.failure = std::move(power.failure),
              .retry = power.for_good     ? Retry::never
                       : power.interrupts ? Retry::later
                                          : Retry::soon};
    }
    const std::int64_t now = before + (clock().now_ns() - before) / 2;
    Sample taken{.monotonic_ns = now, .shown = power.microwatts};
    const std::int64_t gap = now - sum_.last_ns();
    if (sum_.integral().samples > 0 && !interrupted_.empty()) {
      sum_.skip_to(power.microwatts, now);
      taken.reset = std::exchange(interrupted_, {});
    } else if (sum_.integral().samples > 0 && gap > patience_ns()) {
      sum_.skip_to(power.microwatts, now);
      taken.reset = str("the power was not sampled for ", nanoseconds(gap));
    } else {
      sum_.add(power.microwatts, now);
    }
    taken.ticks = sum_.integral().microjoules;
    return taken;
  }
  std::int64_t patience_ns() const {
    const Seconds period = info().update_period.value_or(Seconds());
    return kSecondNs + static_cast<std::int64_t>(1e10 * period.value());
  }

  std::function<PowerSample()> ask_;
  PowerSum sum_;
  std::string interrupted_;  // why the samples do not go on from those before
};

}  // namespace

std::unique_ptr<Meter> power_meter(MeterInfo info, Clock& clock, std::function<PowerSample()> ask) {
  info.unit = kPowerTick;
  info.integrates_power = true;
  info.sample_period = kFirstSamplePeriod;
  auto meter = std::make_unique<PowerMeter>(info, clock, std::move(ask));
  if (info.update_period) meter->set_update_period(*info.update_period);
  return meter;
}

}  // namespace joule::energy
