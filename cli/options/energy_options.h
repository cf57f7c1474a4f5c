// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "joule/cli/options/option.h"
#include "joule/energy/machine.h"
#include "joule/training/run/run.h"

namespace joule::cli {

/// "500J", "1.5 kJ", "0.2Wh", "1 kWh".  `option` is for the message.
///
/// Errors    ArgumentError: not a positive finite number and one of these units.
energy::Joules parse_energy(const std::string& option, const std::string& text);

/// What --meter may be.
inline constexpr const char* kMeterChoices =
    "auto, nvml, nvml:ID (PCI bus id or UUID, MIG-... too), perf, rapl, hwmon, battery, "
    "stream:UNIT[,KEY=VALUE]...:SOURCE, replay:FILE or none; several: rapl+stream:...";

/// --sysfs.
void add_sysfs(Command& command, std::string& sysfs);
/// This machine, with the kernel's files in that folder; empty: where they are.
///
/// Errors    ArgumentError if there is no such folder.
energy::Machine machine_at(const std::string& sysfs);

/// The options of training that say how its energy is accounted for: --meter, --idle, --idle-power,
/// --sysfs, --energy-budget, --carbon-intensity, --pue.
struct EnergyOptions {
  std::string meter = "auto", sysfs;
  double idle_seconds = 5;
  std::optional<double> idle_watts;
  std::string budget;
  training::Footprint footprint;

  void add_to(Command& command);
  /// Opens the meters of a run on `device` and measures their idle power, no longer than until
  /// `stop`.
  ///
  /// Errors    ArgumentError for a bad value, before anything is opened; as open_run_meters().
  training::RunAccounting open(Device device, const std::function<bool()>& stop) const;
};

/// What a run has to say of its energy: lines for the terminal.
std::string energy_lines(const training::RunEnergy& run);

}  // namespace joule::cli
