// SPDX-License-Identifier: MIT
#include <cstdlib>

#include "joule/cli/evolve/evolve.h"
#include "joule/core/backend/backend.h"
#include "joule/core/error.h"
#include "joule/energy/run_meters.h"
#include "joule/io/input_file.h"
#include "joule/io/nearest.h"
#include "joule/training/energy/metering.h"

namespace joule::cli {
namespace {

/// Whether "auto" finds a meter of what candidates are computed on.
bool is_metered(const study::EvolveConfig& config) {
  const Device device = config.training.device == "cuda" ? Device::cuda : Device::cpu;
  const training::Metering metering(
      energy::open_run_meters(config.meter, {.device = device, .gpu = backend(device).bus_id()}));
  return metering.available();
}

}  // namespace

void EvolutionOptions::add_to(Command& command) {
  Option* const file = add_option(command, "--config", config,
                                  "JSON file that configures the evolution (docs/evolution.md); "
                                  "the options below override it")
                           ->type_name("FILE");
  add_option(command, "--preset", preset,
             str("Instead of a file (", listed(study::evolve_presets()), ")"))
      ->capture_default_str()
      ->excludes(file);
  add_option(command, "--grammar", grammar,
             "By which nets are derived: a file, or " + listed(evolution::grammar_names()))
      ->type_name("GRAMMAR");
  add_option(command, "--data", data, "Data set, as joule train takes it");
  add_option(command, "--data-dir", data_folder, "Folder in which data sets are looked for")
      ->type_name("DIR");
  add_option(command, "--limit", limit,
             "Use only the first N training and the first N test images; 0: all");
  add_option(command, "--generations", generations, "After how many it ends; 0: never");
  add_option(
      command, "--epochs", epochs,
      "Training budget of a candidate in epochs instead of seconds; makes the run deterministic");
  add_option(command, "--seconds-per-candidate", seconds_per_candidate,
             "That a candidate trains at most, on the clock");
  add_option(command, "--meter", meter,
             "Where power is measured (sources: joule meter --help); none: it is modelled");
}

study::EvolveConfig EvolutionOptions::evolve_config() const {
  if (!data_folder.empty()) ::setenv("JOULE_DATA", data_folder.c_str(), 1);
  study::EvolveConfig c = config.empty() ? study::evolve_preset(preset)
                                         : study::parse_evolve_config(read_file(config), config);
  if (!grammar.empty()) c.grammar = to_text(grammar_of(grammar));
  if (!data.empty()) c.data = data;
  if (limit) c.limit = *limit;
  if (generations) c.limits.generations = *generations;
  if (epochs) {
    c.training.epochs = *epochs;
    c.training.seconds = 0;
    c.training.deterministic = true;
  }
  if (seconds_per_candidate) c.training.seconds = *seconds_per_candidate;
  if (!meter.empty()) c.meter = meter;
  if (c.meter == "auto" && !is_metered(c)) c.meter = "none";
  check(c);
  return c;
}

}  // namespace joule::cli
