// SPDX-License-Identifier: MIT
#include "joule/cli/options/energy_options.h"

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <string_view>

#include "joule/cli/options/option.h"
#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/energy/measurement.h"
#include "joule/energy/models/cost_model.h"
#include "joule/energy/run_meters.h"
#include "joule/energy/scope/scope.h"
#include "joule/io/parse_number.h"
#include "joule/training/run/choice.h"

namespace joule::cli {

using energy::Figure;
using energy::Joules;

Joules parse_energy(const std::string& option, const std::string& text) {
  static const std::map<std::string_view, Joules> kUnits{
      {"J", Joules(1)}, {"kJ", Joules(1e3)}, {"Wh", Joules(3600)}, {"kWh", Joules(3.6e6)}};
  std::string_view unit = text;
  const std::optional<double> number = take_number<double>(unit);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto found = kUnits.find(unit);
  const Joules energy = number && found != kUnits.end() ? *number * found->second : Joules();
  require(energy > Joules(0) && std::isfinite(energy.value()), option,
          ": expected a positive energy in J, kJ, Wh or kWh, such as 500J, got '", text, "'");
  return energy;
}

void add_sysfs(Command& command, std::string& sysfs) {
  add_option(command, "--sysfs", sysfs,
             "Folder to look in for hwmon, rapl, perf and batteries instead of /sys, for "
             "containers that mount their host's");
}

energy::Machine machine_at(const std::string& sysfs) {
  energy::Machine machine;
  if (sysfs.empty()) return machine;
  require(std::filesystem::is_directory(sysfs), "--sysfs: there is no folder ", sysfs);
  machine.sysfs = sysfs;
  return machine;
}

void EnergyOptions::add_to(Command& command) {
  add_option(command, "--meter", meter,
             str(kMeterChoices,
                 ". Sources of the devices that the run computes on make up its energy; others are "
                 "shown beside it"))
      ->capture_default_str();
  add_sysfs(command, sysfs);
  add_option(command, "--idle", idle_seconds,
             "Seconds to measure the idle power before training; 0: do not")
      ->capture_default_str();
  add_option(command, "--idle-power", idle_watts, "Idle power in watts, instead of measuring it");
  add_option(
      command, "--energy-budget", budget,
      "Stop when all epochs together were measured to have spent so much: 500J, 2kJ, .1Wh, 1kWh");
  add_option(command, "--carbon-intensity", footprint.grams_per_kwh,
             "CO2 equivalent of the electricity in grams per kWh; adds a line with the carbon");
  add_option(command, "--pue", footprint.pue,
             "Power usage effectiveness: the building's energy over its machines'; adds a line "
             "with the energy times this");
}

training::RunAccounting EnergyOptions::open(Device device,
                                            const std::function<bool()>& stop) const {
  training::check(footprint);
  require(idle_seconds >= 0 && idle_seconds <= 3600, "--idle: expected 0 to 3600 seconds, got ",
          idle_seconds);
  if (idle_watts) energy::stated_idle_power(energy::Watts(*idle_watts));  // is it one?
  training::RunAccounting accounting{.footprint = footprint};
  if (!budget.empty()) accounting.energy.budget = parse_energy("--energy-budget", budget);
  auto metering = std::make_shared<training::Metering>(energy::open_run_meters(
      meter, {.device = device, .gpu = backend(device).bus_id()}, machine_at(sysfs)));
  accounting.energy.metering = metering;
  for (const auto& read : metering->meters()) {
    if (!energy::is_replay(read->info().name)) continue;
    fmt::print(stderr,
               "note: {} gives the readings of a recording in order, whatever runs: its energies "
               "are those of this run only if it is the one that was recorded\n",
               read->info().name);
  }
  if (idle_watts) {
    metering->state_idle_power(energy::Watts(*idle_watts));
  } else if (idle_seconds > 0) {
    metering->measure_idle_power(energy::Seconds(idle_seconds), stop);
  }
  return accounting;
}

namespace {

/// PUE and carbon are of what was measured: only a meter of the machine has all of it.
std::string footprint_lines(const training::Footprint& f, const Figure<Joules>& gross,
                            bool machine) {
  std::string out;
  const Joules energy = gross.available() ? gross.value() : Joules();
  const auto line = [&](const std::string& what, const std::string& value,
                        const std::string& from) {
    out += fmt::format("{}: {} ({})\n", what,
                       gross.available() ? value : "unavailable, as there is no measured energy",
                       from);
  };
  const double pue = f.pue.value_or(1), intensity = f.grams_per_kwh.value_or(0);
  const std::string building = machine ? "with the building" : "its share of the building";
  const std::string part = machine ? "" : ", of what the sum covers alone";
  if (f.pue) line(building, str(energy * pue), str("stated PUE of ", pue, part));
  const std::string stated = str("stated ", intensity, " g/kWh");
  const auto grams = [&](Joules e) {
    return fmt::format("{:.4g} g CO2e", training::grams_co2(e, intensity));
  };
  if (f.grams_per_kwh) line("carbon", grams(energy), stated + part);
  if (f.grams_per_kwh && f.pue) {
    line("carbon, " + building, grams(energy * pue), str(stated, ", stated PUE of ", pue, part));
  }
  return out;
}

}  // namespace

namespace {

/// Of processes that trained together.
std::string communication_lines(const training::RunEnergy& run) {
  const auto all = training::together(run.epochs);
  if (!all) return {};
  const training::RanksMetrics& r = all->ranks;
  std::string out = fmt::format(
      "communication: {:.4g} MB by {} processes on {} machine(s); {:.3g} s of the {:.3g} s of the "
      "steps, {:.3g} s to {:.3g} s by process, whose energy is in the sum\n",
      static_cast<double>(r.bytes) / 1e6, r.count, r.hosts, r.seconds_mean, all->seconds,
      r.seconds_least, r.seconds_most);
  const auto per_joule = all->images_per_joule();
  return out + "images per joule: " +
         (per_joule ? fmt::format("{:.4g} (training steps, gross, {})", *per_joule,
                                  name(all->spent.quality()))
                    : std::string("unavailable, as there is no measured energy")) +
         "\n";
}

}  // namespace

std::string energy_lines(const training::RunEnergy& run) {
  const training::PartEnergy all = whole(total_energy(run.epochs));
  const energy::EnergySplit split = measured(all);
  std::string out = str("measured energy: ", split.gross, "\n");
  if (split.gross.available()) {
    out += str("  idle: ", split.idle, "\n  dynamic: ", split.dynamic, "\n");
  }
  for (const energy::WindowSum& meter : all.measured) {
    if (meter.beside.empty()) continue;
    out += str("  not in the sum: ", energy::measure(meter).gross, ": ", meter.beside, "\n");
  }
  const energy::Scope scope = energy::scope_of(all.measured);
  if (split.gross.available()) {
    for (const std::string& line : energy::lines_of(scope)) out += "  " + line + "\n";
  }
  const energy::CostModel& profile = energy::horowitz45();
  out += str("modelled energy: ", modelled(all, profile), "\n");
  out += communication_lines(run);
  for (const std::int64_t epoch : run.lost_after) {
    out += fmt::format(
        "not in it: what was spent after epoch {} and then lost, at a kill or error\n", epoch);
  }
  out += training::choice_line(run.epochs) + "\n";
  return out + footprint_lines(run.footprint, split.gross, scope.machine);
}

}  // namespace joule::cli
