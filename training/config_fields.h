// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "joule/training/config.h"

// The fields of a configuration as one table.  config.json, the options of the program with their
// help, the checks, the comparison of a run with what is asked of it, and whatever else goes
// through the fields by name read it; a new field is a member of Config and an entry here.
namespace joule::training {

using FieldValue = std::variant<std::string, double, std::int64_t, std::uint64_t, int, bool>;
using FieldMember = std::variant<std::string Config::*, double Config::*, std::int64_t Config::*,
                                 std::uint64_t Config::*, int Config::*, bool Config::*>;

/// The numbers that a field may hold.
struct FieldRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool open_below = false, open_above = false;  // whether `least`, `most` are themselves excluded
  /// It is used in float32, where a number of another size than its normal ones is 0 or infinite.
  bool float32 = false;
  /// What is expected of a number that is too small or none at all, and of one that is too large.
  std::string at_least{}, at_most{};
};

struct ConfigField {
  std::string name;  // in config.json; the option has '-' for '_' and "--" before it
  FieldMember member;
  std::string help;                    // choices and default not repeated
  std::vector<std::string> choices{};  // of a text: what it may be
  std::string or_else{};  // what else it may be, for people: "a folder"; empty: nothing
  bool (*is_else)(std::string_view) = nullptr;  // whether it is that; null: who uses it finds out
  FieldRange range{};
  std::string unit{};
  /// Whether a resumed run may have another value than it began with, as the field changes nothing
  /// of what is computed.
  bool may_change = false;
  /// Of config.json: where it is missing the file is of a Joule that had no such field.
  bool may_be_missing = false;
  /// What that Joule did, if the default of today is another.
  std::optional<FieldValue> if_missing{};
  /// Its value is a document: the program's option of that name takes a file that holds it.
  bool document = false;

  FieldValue get(const Config& config) const;
  FieldValue default_value() const { return get(Config()); }
  /// Errors    ArgumentError that names the field if it holds values of another type.
  void set(Config& config, const FieldValue& value) const;

  /// The value as a person writes it: "0.05", "on", "true".  A double has as many digits as tell it
  /// from its neighbours.
  std::string text(const Config& config) const;
  /// The inverse.
  ///
  /// Errors    ArgumentError that names the field: no such number (see parse_number()), neither
  ///           true nor false.  Range and choices are check()'s.
  void parse(Config& config, std::string_view text) const;

  /// Errors    ArgumentError that names the field, its value and what was expected, if the value is
  ///           out of range or none of the choices and not `or_else`.
  void check(const Config& config) const;

  /// "--l0-lambda".
  std::string option() const;
  /// The help with the choices behind it: "Layers whose outputs are penalised (relu, all)".
  std::string option_help() const;
};

/// In the order of config.json.
std::span<const ConfigField> config_fields();
std::vector<std::string> config_field_names();

/// Errors    ArgumentError if there is no such field; the message suggests the nearest name.
const ConfigField& config_field(std::string_view name);

}  // namespace joule::training
