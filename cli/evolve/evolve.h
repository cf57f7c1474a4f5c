// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/cli/commands.h"
#include "joule/evolution/grammar.h"
#include "joule/evolution/settings.h"

namespace joule::cli {

// The sub-commands of `joule evolve`.
void add_evolve_grammar(Command& evolve, Run& run);
void add_evolve_draw(Command& evolve, Run& run);
void add_evolve_decode(Command& evolve, Run& run);

/// What a net is derived by: --grammar and --settings.
struct GenesOptions {
  std::string grammar = "default", settings = "energize";

  void add_to(Command& command);
};

/// The grammar of that name, or else of that file.
///
/// Errors    DataError as parse_grammar(), or if the file cannot be read.
evolution::Grammar grammar_of(const std::string& name_or_file);
/// The preset of that name, or else the settings in that file, which must fit the grammar.
///
/// Errors    DataError as parse_settings(), or if the file cannot be read; ArgumentError as
///           evolution::check().
evolution::Settings settings_of(const std::string& name_or_file, const evolution::Grammar& grammar);

}  // namespace joule::cli
