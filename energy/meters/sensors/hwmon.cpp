// SPDX-License-Identifier: MIT
#include "joule/energy/meters/sensors/hwmon.h"

#include <filesystem>
#include <utility>

#include "joule/core/error.h"
#include "joule/energy/meters/none.h"
#include "joule/energy/meters/sensors/hwmon_chip.h"
#include "joule/energy/meters/sensors/power_meter.h"
#include "joule/energy/meters/sysfs_number.h"

namespace joule::energy {
namespace {

using Kind = HwmonSensor::Kind;

constexpr const char* kHwmon = "hwmon";
constexpr Joules kHwmonTick(1e-6);
constexpr double kOverSensorLimit = 2;  // a limit is one of a mean: peaks go above it
constexpr Watts kMostOfASensor(5000);   // where there is no limit: a server with eight cards
constexpr std::int64_t kMostMicrowatts = 100'000'000'000;  // a sensor that says more is broken

class EnergyMeter final : public Meter {
 public:
  EnergyMeter(MeterInfo info, const Machine& machine, std::string file)
      : Meter(std::move(info), *machine.clock), machine_(machine), file_(std::move(file)) {}

 private:
  Sample sample(Purpose) override {
    const SysfsNumber now = read_sysfs_number(machine_, file_, "microjoules");
    if (now.problem.empty()) return {.ticks = now.value};
    return {.failure = now.problem, .retry = now.gone() ? Retry::later : Retry::soon};
  }

  Machine machine_;
  std::string file_;
};

PowerSample plausible(std::int64_t microwatts, const std::string& file) {
  if (microwatts <= kMostMicrowatts) return {.microwatts = microwatts};
  return {.failure = str(file, ": ", microwatts, " microwatts is more than any machine draws")};
}

PowerSample read_power(const Machine& machine, const HwmonSensor& sensor) {
  const bool product = sensor.kind == Kind::product;
  const SysfsNumber first =
      read_sysfs_number(machine, sensor.file, product ? "millivolts" : "microwatts");
  if (!first.problem.empty()) return {.failure = first.problem};
  if (!product) return plausible(first.value, sensor.file);
  const SysfsNumber second = read_sysfs_number(machine, sensor.second, "milliamperes");
  if (!second.problem.empty()) return {.failure = second.problem};
  constexpr std::int64_t kMostMilli = 1'000'000;
  if (first.value > kMostMilli || second.value > kMostMilli) {
    return {.failure = str(sensor.file, ": ", first.value, " millivolts at ", second.value,
                           " milliamperes is more than any board has")};
  }
  return plausible(first.value * second.value, sensor.file);  // a millionth of a watt each
}

MeterInfo info_of(const HwmonChip& chip, const HwmonSensor& sensor) {
  const std::string file = std::filesystem::path(sensor.file).filename().string();
  MeterInfo info{.name = kHwmon,
                 .scope = str(chip.name, " ", chip.gpu.empty() ? "" : chip.gpu + " ",
                              sensor.label.empty() ? file : sensor.label, ": ", sensor.what),
                 .domain = sensor.domain,
                 .gpu = chip.gpu,
                 .unit = kHwmonTick};
  info.limit = sensor.limit;
  if (sensor.limit) info.remarks.push_back(str("power limit ", *sensor.limit));
  if (!sensor.remark.empty()) info.remarks.push_back(sensor.remark);
  if (sensor.domain == Domain::unknown) {
    info.remarks.emplace_back("it is not known what it counts, so that it is in no run's sum");
  }
  return info;
}

std::unique_ptr<Meter> open_sensor(const Machine& machine, const HwmonChip& chip,
                                   const HwmonSensor& sensor) {
  MeterInfo info = info_of(chip, sensor);
  const bool energy = sensor.kind == Kind::energy;
  const SysfsNumber first = read_sysfs_number(machine, sensor.file, "units");
  if (first.error) {
    return unreadable_meter(
        machine, std::move(info), first.denied() ? Status::denied : Status::failed,
        first.denied() ? "present but not for this user: " + first.problem : first.problem,
        first.denied()
            ? str("run as root, or: sudo chmod a+r ", sensor.file, " (until the next boot)")
            : "the kernel's log may say more (dmesg)");
  }
  if (energy) {
    info.most = sensor.limit ? kOverSensorLimit * *sensor.limit : kMostOfASensor;
    return std::make_unique<EnergyMeter>(std::move(info), machine, sensor.file);
  }
  if (sensor.limit) info.most = kOverSensorLimit * *sensor.limit;
  info.samples_moments = sensor.kind != Kind::average;
  info.update_period = sensor.period;
  if (info.samples_moments && !info.most) {
    info.remarks.emplace_back(
        "each sample is the power of a moment, and no limit bounds what was drawn in between: its "
        "figures have no uncertainty");
  }
  return power_meter(std::move(info), *machine.clock,
                     [machine, sensor] { return read_power(machine, sensor); });
}

}  // namespace

std::vector<std::unique_ptr<Meter>> open_hwmon(const Machine& machine) {
  std::vector<std::unique_ptr<Meter>> meters;
  for (const HwmonChip& chip : find_hwmon_chips(machine)) {
    for (const HwmonSensor& sensor : chip.sensors) {
      meters.push_back(open_sensor(machine, chip, sensor));
    }
  }
  if (meters.empty()) {
    meters.push_back(unreadable_meter(
        machine, kHwmon, Status::absent,
        str("no chip in ", machine.sysfs, "/class/hwmon tells power or energy"),
        "on a server: modprobe acpi_power_meter; in a container: give joule the host's tree by "
        "--sysfs"));
  }
  return meters;
}

}  // namespace joule::energy
