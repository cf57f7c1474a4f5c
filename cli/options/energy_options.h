// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "joule/cli/options/option.h"
#include "joule/energy/machine.h"
#include "joule/training/run/run.h"

namespace joule::cli {

/// Parses "500J", "1.5 kJ", "0.2Wh", "1 kWh".  `option` is for the error message.
///
/// Errors    ArgumentError unless it is a positive finite number with one of these units.
energy::Joules parse_energy(const std::string& option, const std::string& text);

/// The choices of --meter.
inline constexpr const char* kMeterChoices =
    "auto, nvml, nvml:ID (PCI bus id or UUID, MIG-... too), rocm_smi, rocm_smi:ID, perf, rapl, "
    "hwmon, battery, "
    "stream:UNIT[,KEY=VALUE]...:SOURCE, replay:FILE or none; several: rapl+stream:...";

/// Adds the option --sysfs.
void add_sysfs(Command& command, std::string& sysfs);
/// This machine, with the kernel's files in that folder; empty: in their usual place.
///
/// Errors    ArgumentError if there is no such folder.
energy::Machine machine_at(const std::string& sysfs);

/// The options of training for its energy accounting: --meter, --idle, --idle-power,
/// --sysfs, --energy-budget, --carbon-intensity, --pue.
struct EnergyOptions {
  std::string meter = "auto", sysfs;
  double idle_seconds = 5;
  std::optional<double> idle_watts;
  std::string budget;
  training::Footprint footprint;

  void add_to(Command& command);
  /// Opens the meters of a run on `device` and measures their idle power, at most until
  /// `stop` returns true.
  ///
  /// Errors    ArgumentError for a bad value, before anything is opened; as open_run_meters().
  training::RunAccounting open(Device device, const std::function<bool()>& stop) const;
};

/// A run's energy as lines for the terminal.
std::string energy_lines(const training::RunEnergy& run);

}  // namespace joule::cli
