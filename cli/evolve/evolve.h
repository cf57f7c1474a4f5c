// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "joule/cli/commands.h"
#include "joule/cli/study/study.h"
#include "joule/evolution/grammar.h"
#include "joule/evolution/settings.h"
#include "joule/study/evolve/evolve_config.h"

namespace joule::cli {

/// `joule evolve` without a sub-command: runs an evolution.
void add_evolve_run(Command& evolve, Run& run);

// The sub-commands of `joule evolve`.
void add_evolve_grammar(Command& evolve, Run& run);
void add_evolve_draw(Command& evolve, Run& run);
void add_evolve_decode(Command& evolve, Run& run);

/// The grammar and settings of nets: --grammar and --settings.
struct GenesOptions {
  std::string grammar = "default", settings = "energize";

  void add_to(Command& command);
};

/// The configuration of an evolution: a preset or a file, and options that override it.
struct EvolutionOptions {
  std::string config, preset = "quick", grammar, data, data_folder, meter;
  std::optional<std::int64_t> limit, generations, epochs;
  std::optional<double> seconds_per_candidate;

  void add_to(Command& command);
  /// From --config or --preset, overridden by the options; a meter "auto" that cannot be read
  /// becomes none.  Makes --data-dir known to workers.
  ///
  /// Errors    DataError as read_file() and parse_evolve_config(); ArgumentError as check().
  study::EvolveConfig evolve_config() const;
};

/// The grammar of that name, or else from that file.
///
/// Errors    DataError as parse_grammar(), or if the file cannot be read.
evolution::Grammar grammar_of(const std::string& name_or_file);
/// The preset of that name, or else the settings in that file; they must fit the grammar.
///
/// Errors    DataError as parse_settings(), or if the file cannot be read; ArgumentError as
///           evolution::check().
evolution::Settings settings_of(const std::string& name_or_file, const evolution::Grammar& grammar);

}  // namespace joule::cli
