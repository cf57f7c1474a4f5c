// SPDX-License-Identifier: MIT
#include "joule/energy/meters/sensors/battery.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "joule/core/error.h"
#include "joule/energy/meters/cpu_scope.h"
#include "joule/energy/meters/none.h"
#include "joule/energy/meters/sensors/power_meter.h"
#include "joule/energy/meters/sysfs_number.h"

namespace joule::energy {
namespace {

constexpr const char* kBattery = "battery";
constexpr Joules kMicrowattHour(3600e-6);
constexpr Watts kMostOfALaptop(500);
constexpr Seconds kPowerPeriod(1);  // the embedded controllers renew it once a second, or slower
constexpr Seconds kEnergyPeriod(60);

std::string root(const Machine& machine) { return machine.sysfs + "/class/power_supply"; }

/// The folders of the batteries that feed the machine, not a mouse.
std::vector<std::string> find_batteries(const Machine& machine) {
  std::vector<std::string> found;
  std::error_code ignored;  // no folder, no batteries
  for (const auto& entry : std::filesystem::directory_iterator(root(machine), ignored)) {
    const std::string folder = entry.path().string();
    const auto text = [&](const char* file) {
      return trimmed(machine.read_file(folder + file).text);
    };
    if (text("/type") == "Battery" && text("/scope") != "Device") found.push_back(folder);
  }
  std::ranges::sort(found);
  return found;
}

/// Why the machine does not run on its batteries; empty if it does.
std::string on_mains(const Machine& machine, const std::vector<std::string>& batteries) {
  std::string all;
  for (const std::string& battery : batteries) {
    const std::string status = trimmed(machine.read_file(battery + "/status").text);
    if (status == "Discharging") return {};
    all += str(all.empty() ? "" : ", ", std::filesystem::path(battery).filename().string(), ": ",
               status.empty() ? "no status" : status);
  }
  return str("no battery discharges (", all, "): what the machine draws comes from the mains");
}

struct Power {
  std::int64_t microwatts = 0;
  std::string problem{};
};
Power power_of(const Machine& machine, const std::string& battery) {
  // Some drivers write a discharge as less than nothing, which read_sysfs_number() refuses.
  const SysfsNumber power = read_sysfs_number(machine, battery + "/power_now", "microwatts");
  if (power.problem.empty()) return {.microwatts = power.value};
  if (!power.gone()) return {.problem = power.problem};
  const SysfsNumber volts = read_sysfs_number(machine, battery + "/voltage_now", "microvolts");
  const SysfsNumber amperes = read_sysfs_number(machine, battery + "/current_now", "microamperes");
  for (const SysfsNumber& number : {volts, amperes}) {
    if (!number.problem.empty()) return {.problem = number.problem};
  }
  const double watts =
      1e-12 * static_cast<double>(volts.value) * static_cast<double>(amperes.value);
  if (watts > kMostOfALaptop.value()) {
    return {.problem = str(battery, ": ", watts, " W is more than a battery gives")};
  }
  return {.microwatts = static_cast<std::int64_t>(1e6 * watts)};
}

PowerSample power_of_all(const Machine& machine, const std::vector<std::string>& batteries) {
  const std::string why = on_mains(machine, batteries);
  if (!why.empty()) return {.failure = why, .interrupts = true};
  PowerSample sum;
  for (const std::string& battery : batteries) {
    if (trimmed(machine.read_file(battery + "/status").text) != "Discharging") continue;
    const Power power = power_of(machine, battery);
    if (!power.problem.empty()) return {.failure = power.problem};
    sum.microwatts += power.microwatts;
  }
  return sum;
}

/// Microwatt-hours that have left the batteries since the first reading.
class ChargeMeter final : public Meter {
 public:
  ChargeMeter(MeterInfo info, const Machine& machine, std::vector<std::string> batteries)
      : Meter(std::move(info), *machine.clock),
        machine_(machine),
        batteries_(std::move(batteries)) {}

 private:
  Sample sample(Purpose) override {
    const std::string why = on_mains(machine_, batteries_);
    if (!why.empty()) {
      lost_ = why;
      return {.failure = why, .retry = Retry::later};
    }
    std::int64_t left = 0;
    for (const std::string& battery : batteries_) {
      const SysfsNumber now =
          read_sysfs_number(machine_, battery + "/energy_now", "microwatt-hours");
      if (!now.problem.empty()) return {.failure = now.problem};
      left += now.value;
    }
    if (!full_) full_ = left;
    return {.ticks = *full_ - left, .reset = std::exchange(lost_, {})};
  }

  Machine machine_;
  std::vector<std::string> batteries_;
  std::optional<std::int64_t> full_;  // at the first reading
  std::string lost_;                  // why the counter does not go on
};

}  // namespace

std::unique_ptr<Meter> open_battery(const Machine& machine) {
  const std::vector<std::string> batteries = find_batteries(machine);
  const auto refuse = [&](Status status, const std::string& reason, const std::string& remedy) {
    return unreadable_meter(machine, kBattery, status, reason, remedy);
  };
  if (batteries.empty()) {
    return refuse(Status::absent, str("there is no battery in ", root(machine)),
                  "on a machine without one: a meter at the plug (--meter stream:...)");
  }
  MeterInfo info{.name = kBattery,
                 .scope = str("the whole machine, as ", batteries.size(),
                              batteries.size() == 1 ? " battery gives it" : " batteries give it"),
                 .domain = Domain::machine,
                 .most = kMostOfALaptop};
  const std::string why = on_mains(machine, batteries);
  if (!why.empty()) {
    return unreadable_meter(machine, std::move(info), Status::absent, why, "unplug the charger");
  }
  const PowerSample first = power_of_all(machine, batteries);
  if (first.failure.empty()) {
    info.samples_moments = true;
    info.update_period = kPowerPeriod;
    return power_meter(std::move(info), *machine.clock,
                       [machine, batteries] { return power_of_all(machine, batteries); });
  }
  const SysfsNumber energy =
      read_sysfs_number(machine, batteries.front() + "/energy_now", "microwatt-hours");
  if (!energy.problem.empty()) {
    return refuse(Status::failed, first.failure + "; " + energy.problem,
                  "the battery tells neither power nor energy: a meter at the plug");
  }
  info.unit = kMicrowattHour;
  info.update_period = kEnergyPeriod;
  info.remarks.emplace_back(
      "the battery tells only what is left: a coarse counter, taken to move once a minute");
  return std::make_unique<ChargeMeter>(std::move(info), machine, batteries);
}

}  // namespace joule::energy
