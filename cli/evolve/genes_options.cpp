// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/cli/evolve/evolve.h"
#include "joule/core/error.h"
#include "joule/io/input_file.h"
#include "joule/io/nearest.h"

namespace joule::cli {
namespace {

/// Whether it is one of the names, and no file: a folder in it, or a dot, is a file's.
bool is_name(const std::string& text, const std::vector<std::string>& names) {
  return std::ranges::count(names, text) > 0;
}

/// Errors    DataError that also says the names, if there is no such file.
std::string file_text(const char* what, const std::string& path,
                      const std::vector<std::string>& names) {
  try {
    return read_file(path);
  } catch (const DataError& error) {
    throw DataError(str(error.what(), "; ", what, " is a file, or one of ", listed(names),
                        did_you_mean(path, names)));
  }
}

}  // namespace

void GenesOptions::add_to(Command& command) {
  add_option(command, "--grammar", grammar, "A file, or " + listed(evolution::grammar_names()))
      ->type_name("GRAMMAR")
      ->capture_default_str();
  add_option(command, "--settings", settings,
             "Modules, rates and rules: a JSON file, or " + listed(evolution::preset_names()))
      ->type_name("SETTINGS")
      ->capture_default_str();
}

evolution::Grammar grammar_of(const std::string& name_or_file) {
  const std::vector<std::string> names = evolution::grammar_names();
  if (is_name(name_or_file, names)) {
    return evolution::parse_grammar(evolution::grammar_text(name_or_file), name_or_file);
  }
  return evolution::parse_grammar(file_text("a grammar", name_or_file, names), name_or_file);
}

evolution::Settings settings_of(const std::string& name_or_file,
                                const evolution::Grammar& grammar) {
  const std::vector<std::string> names = evolution::preset_names();
  const evolution::Settings settings =
      is_name(name_or_file, names)
          ? evolution::preset(name_or_file)
          : evolution::parse_settings(file_text("what --settings takes", name_or_file, names),
                                      name_or_file);
  check(settings, grammar);
  return settings;
}

}  // namespace joule::cli
