// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "joule/cli/options/option.h"
#include "joule/training/run/run.h"

namespace joule::cli {

/// "500J", "1.5 kJ", "0.2Wh", "1 kWh".  `option` is for the message.
///
/// Errors    ArgumentError: not a positive finite number and one of these units.
energy::Joules parse_energy(const std::string& option, const std::string& text);

/// The options of training that say how its energy is accounted for: --meter, --idle, --idle-power,
/// --energy-budget, --carbon-intensity, --pue.
struct EnergyOptions {
  std::string meter = "auto";
  double idle_seconds = 2;
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
