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

// The fields of a configuration as one table.  It drives config.json, the program's options and
// their help, the checks, the comparison of a run with a requested configuration, and everything
// else that handles fields by name.  A new field is a member of Config and an entry here.
namespace joule::training {

using FieldValue = std::variant<std::string, double, std::int64_t, std::uint64_t, int, bool>;
using FieldMember = std::variant<std::string Config::*, double Config::*, std::int64_t Config::*,
                                 std::uint64_t Config::*, int Config::*, bool Config::*>;

/// The numbers that a field may hold.
struct FieldRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool open_below = false, open_above = false;  // whether `least`, `most` themselves are excluded
  /// It is used in float32, where denormal numbers become 0 and too large ones infinite.
  bool float32 = false;
  /// What was expected, for messages about a number that is too small or NaN, and one too large.
  std::string at_least{}, at_most{};
};

struct ConfigField {
  std::string name;  // in config.json; the option has '-' for '_' and "--" before it
  FieldMember member;
  std::string help;                    // without choices and default
  std::vector<std::string> choices{};  // the values that a text may have
  std::string or_else{};               // other allowed values, for people: "a folder"; empty: none
  bool (*is_else)(std::string_view) = nullptr;  // whether it is one; null: checked when used
  FieldRange range{};
  std::string unit{};
  /// Whether a resumed run may change the value, because the field does not affect what
  /// is computed.
  bool may_change = false;
  /// In config.json: a missing field means that the file is of an older Joule that lacked it.
  bool may_be_missing = false;
  /// What the older Joule did, if that differs from the present default.
  std::optional<FieldValue> if_missing{};
  /// Its value is a document: the program's option of that name takes a file with it.
  bool document = false;

  FieldValue get(const Config& config) const;
  FieldValue default_value() const { return get(Config()); }
  /// Errors    ArgumentError that names the field if its values are of another type.
  void set(Config& config, const FieldValue& value) const;

  /// The value as people write it: "0.05", "on", "true".  A double has enough digits to distinguish
  /// it from its neighbours.
  std::string text(const Config& config) const;
  /// The inverse.
  ///
  /// Errors    ArgumentError that names the field if the text is not a number (see parse_number())
  ///           or not true or false.  check() checks range and choices.
  void parse(Config& config, std::string_view text) const;

  /// Errors    ArgumentError that names the field, its value and what was expected, if the value is
  ///           out of range, or neither one of the choices nor `or_else`.
  void check(const Config& config) const;

  /// "--l0-lambda".
  std::string option() const;
  /// The help, followed by the choices: "Layers whose outputs the penalty counts (relu, all)".
  std::string option_help() const;
};

/// In the order of config.json.
std::span<const ConfigField> config_fields();
std::vector<std::string> config_field_names();

/// Errors    ArgumentError if there is no such field; the message suggests the nearest name.
const ConfigField& config_field(std::string_view name);

}  // namespace joule::training
