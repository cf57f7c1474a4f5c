// SPDX-License-Identifier: MIT
#include "joule/energy/meters/gpu/nvml_power.h"

#include <utility>

#include "joule/energy/meters/sensors/power_meter.h"

namespace joule::energy::nvml {
namespace {

constexpr Seconds kMean(1);

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

std::unique_ptr<Meter> power_meter(const Machine& machine, MeterInfo info, PowerSensor sensor) {
  info.scope += ", from samples of its power";
  info.remarks.emplace_back(
      "the card has no energy counter: its power is sampled and integrated (trapezoid rule)");
  if (sensor.averages_a_second()) {
    info.update_period = kMean;
    info.remarks.emplace_back("each sample of power is the mean of the second before it");
  }
  return energy::power_meter(std::move(info), *machine.clock, [sensor]() -> PowerSample {
    const auto [milliwatts, code] = sensor.power();
    if (code == kSuccess) return {.microwatts = 1000 * milliwatts};
    return {.failure = sensor.text(code), .for_good = is_final(code)};
  });
}

}  // namespace joule::energy::nvml
