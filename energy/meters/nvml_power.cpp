// SPDX-License-Identifier: MIT
#include "joule/energy/meters/nvml_power.h"

#include <utility>

#include "joule/core/error.h"

namespace joule::energy::nvml {
namespace {

constexpr Joules kMicrojoule(1e-6);
constexpr Seconds kMean(1), kSamplePeriod(0.1);
constexpr std::int64_t kSecondNs = 1'000'000'000;

class PowerMeter final : public Meter {
 public:
  PowerMeter(MeterInfo info, Clock& clock, PowerSensor sensor)
      : Meter(std::move(info), clock), sensor_(std::move(sensor)) {}

 private:
  Sample sample(Purpose) override {
    const std::int64_t before = clock().now_ns();
    const auto [milliwatts, code] = sensor_.power();
    if (code != kSuccess) return {.failure = sensor_.text(code)};
    const std::int64_t now = before + (clock().now_ns() - before) / 2;
    Sample taken{.monotonic_ns = now, .shown = milliwatts};
    const std::int64_t gap = now - sum_.last_ns();
    if (sum_.integral().samples > 0 && gap > patience_ns()) {
      sum_.skip_to(milliwatts, now);
      taken.reset = str("the power was not sampled for ", Seconds(1e-9 * static_cast<double>(gap)));
    } else {
      sum_.add(milliwatts, now);
    }
    taken.ticks = sum_.integral().microjoules;
    return taken;
  }
  std::int64_t patience_ns() const {
    const Seconds period = info().update_period.value_or(Seconds());
    return kSecondNs + static_cast<std::int64_t>(1e10 * period.value());
  }

  PowerSensor sensor_;
  PowerSum sum_;
};

}  // namespace

PowerSensor::PowerSensor(std::shared_ptr<Library> library, Device device)
    : library_(std::move(library)), device_(device), instant_(instant().code == kSuccess) {
  unsigned architecture = kAmpere;
  const auto ask = library_->call().architecture;
  const bool known = ask && ask(device_, &architecture) == kSuccess;
  averages_ = !instant_ && (!known || architecture >= kAmpere);
}

PowerSensor::Answer PowerSensor::instant() const {
  FieldValue power{.field = kPowerInstant};
  const auto read = library_->call().field_values;
  if (!read) return {.code = kNotSupported};
  // The call succeeds if it fills in any field, so each has a status of its own.
  if (const Return code = read(device_, 1, &power); code != kSuccess) return {.code = code};
  if (power.status != kSuccess) return {.code = power.status};
  if (power.type != kTypeUnsigned) return {.code = kNotSupported};
  return {.milliwatts = power.value.u};
}

PowerSensor::Answer PowerSensor::power() const {
  if (instant_) return instant();
  const auto read = library_->call().power_usage;
  unsigned milliwatts = 0;
  const Return code = read ? read(device_, &milliwatts) : kNotSupported;
  return {.milliwatts = milliwatts, .code = code};
}

std::string PowerSensor::text(Return code) const {
  return library_->text(instant_ ? "nvmlDeviceGetFieldValues" : "nvmlDeviceGetPowerUsage", code);
}

void PowerSum::add(std::int64_t milliwatts, std::int64_t now_ns) {
  if (sum_.samples > 0) {
    picojoules_ += (milliwatts + last_mw_) * (now_ns - last_ns_) / 2;  // mW times ns are pJ
    sum_.microjoules += picojoules_ / 1'000'000;
    picojoules_ %= 1'000'000;
  }
  skip_to(milliwatts, now_ns);
}

void PowerSum::skip_to(std::int64_t milliwatts, std::int64_t now_ns) {
  ++sum_.samples;
  last_mw_ = milliwatts;
  last_ns_ = now_ns;
}

std::unique_ptr<Meter> power_meter(const Machine& machine, MeterInfo info, PowerSensor sensor) {
  info.scope += ", from samples of its power";
  info.unit = kMicrojoule;
  info.integrates_power = true;
  info.sample_period = kSamplePeriod;
  info.remarks.emplace_back(
      "the card has no energy counter: its power is sampled and integrated (trapezoid rule)");
  if (sensor.averages_a_second()) {
    info.update_period = kMean;
    info.remarks.emplace_back("each sample of power is the mean of the second before it");
  }
  return std::make_unique<PowerMeter>(std::move(info), *machine.clock, std::move(sensor));
}

}  // namespace joule::energy::nvml
