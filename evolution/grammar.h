// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/draws.h"

// The grammar of nets, in the text form of DENSER and ENERGIZE: see docs/evolution.md.
namespace joule::evolution {

/// The types of numbers: "int", "float", "int_power2" (2^k), "inv_power2" (1 / 2^k).
enum class NumberType { integer, real, power_of_two, inverse_power_of_two };
std::string_view name(NumberType type);

/// [name,type,count,least,most]: `count` numbers from least to most; for powers of two, these are
/// the bounds of k.  A bound written as `_` is known only when a net is decoded.
struct NumberRule {
  std::string name;
  NumberType type = NumberType::integer;
  std::int64_t count = 1;
  std::optional<double> least{}, most{};
  friend bool operator==(const NumberRule&, const NumberRule&) = default;
};

/// One symbol of an alternative.
struct Symbol {
  enum class Kind { non_terminal, terminal, number };
  Kind kind = Kind::terminal;
  std::string name{};   // <name>, the name of name:value, the name of a number
  std::string value{};  // of a terminal
  NumberRule number{};  // of a number
  friend bool operator==(const Symbol&, const Symbol&) = default;
};

using Alternative = std::vector<Symbol>;

/// <name> ::= alternative | alternative ...
struct Production {
  std::string name;
  std::vector<Alternative> alternatives;
  friend bool operator==(const Production&, const Production&) = default;
};

struct Grammar {
  std::vector<Production> productions;

  /// Errors    ArgumentError that names it if it does not exist, and lists the existing ones.
  const Production& production(std::string_view name) const;
  bool has(std::string_view name) const;
  friend bool operator==(const Grammar&, const Grammar&) = default;
};

/// `path` is for error messages.  No production may reach itself, so every derivation ends.
///
/// Errors    DataError "path:line:column: ...": malformed; a production that is duplicate, missing,
///           or reaches itself; bounds that are not numbers of the type, or reversed; more than
///           1000 productions or 1 MiB.
Grammar parse_grammar(std::string_view text, const std::string& path);
/// The inverse: one line per production.
std::string to_text(const Grammar& grammar);
std::string to_text(const Symbol& symbol);

/// Joule's own grammars by name:
///   default      the ranges of ENERGIZE, for small nets: with LARS and a partition point
///   fast-denser  those of Fast-DENSER
///   zero-aware   as default; a ReLU has a threshold, and training the lambda of the L0 penalty
///
/// Errors    ArgumentError that lists the names if `name` is none of them.
std::string_view grammar_text(std::string_view name);
std::vector<std::string> grammar_names();

/// Bounds that are known only when a net is decoded, by the name of the number.
using Bounds = std::map<std::string, std::pair<double, double>, std::less<>>;

/// The bounds of a number.
/// Errors    ArgumentError if one of them is `_` and not in `bounds`.
std::pair<double, double> bounds_of(const NumberRule& rule, const Bounds& bounds);
/// `count` numbers, uniform within the bounds; for powers of two, k is uniform.
std::vector<double> draw_numbers(const NumberRule& rule, const Bounds& bounds, Draws& draws);
/// What is wrong with the numbers; empty if they fit the rule.
std::string fault_of(const NumberRule& rule, const std::vector<double>& numbers,
                     const Bounds& bounds);

/// "3", "0.25": as in a phenotype; reads back as the same number.
std::string number_text(double number);

}  // namespace joule::evolution
