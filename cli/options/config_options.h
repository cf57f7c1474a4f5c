// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joule/cli/options/option.h"
#include "joule/training/config_fields.h"

namespace joule::cli {

/// The options of a command that are fields of a configuration; their names, help, choices and
/// types come from the table of training/config_fields.h.
class ConfigOptions {
 public:
  /// Parsing the command line changes `config`, whose values before that are the defaults.  Both
  /// must outlive this object.
  ConfigOptions(Command& command, training::Config& config) : command_(command), config_(config) {}

  /// `help` replaces the table's text where the command means something narrower.
  Option* add(std::string_view field, const std::string& help = "");
  void add_all();

  bool asked(std::string_view field) const;
  /// Sets the requested fields in `config`; the others do not change.
  void apply_to(training::Config& config) const;

 private:
  Command& command_;
  training::Config& config_;
  std::vector<std::pair<const training::ConfigField*, const Option*>> options_;
};

}  // namespace joule::cli
