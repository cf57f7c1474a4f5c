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

/// What a number may be: "int", "float", "int_power2" (2^k), "inv_power2" (1 / 2^k).
enum class NumberType { integer, real, power_of_two, inverse_power_of_two };
std::string_view name(NumberType type);

/// [name,type,count,least,most]: so many numbers, each from least to most; of powers of two these
/// are the bounds of k.  A bound that is `_` in the text is known only when a net is decoded.
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

  /// Errors    ArgumentError that names it if there is none, with the ones that there are.
  const Production& production(std::string_view name) const;
  bool has(std::string_view name) const;
  friend bool operator==(const Grammar&, const Grammar&) = default;
};

/// `path` is for the messages.  No production reaches itself, so every derivation ends.
///
/// Errors    DataError "path:line:column: ...": not of the form; a production that is there twice,
///           is used but not there, or reaches itself; bounds that are no numbers of the type, or
///           the wrong way round; more than 1000 productions or 1 MiB.
Grammar parse_grammar(std::string_view text, const std::string& path);
/// The inverse: a line per production.
std::string to_text(const Grammar& grammar);
std::string to_text(const Symbol& symbol);

/// Joule's own grammars by name:
///   default      the ranges of ENERGIZE, for small nets: with LARS and a partition point
///   fast-denser  those of Fast-DENSER
///   zero-aware   as default; a ReLU has a threshold, and training the lambda of the L0 penalty
///
/// Errors    ArgumentError with the names if there is none of that name.
std::string_view grammar_text(std::string_view name);
std::vector<std::string> grammar_names();

/// Bounds that are known only when a net is decoded, by the name of the number.
using Bounds = std::map<std::string, std::pair<double, double>, std::less<>>;

/// The bounds of a number.
/// Errors    ArgumentError if one of them is `_` and `bounds` does not say it.
std::pair<double, double> bounds_of(const NumberRule& rule, const Bounds& bounds);
/// Uniform within the bounds, `count` of them; of powers of two k is drawn uniformly.
std::vector<double> draw_numbers(const NumberRule& rule, const Bounds& bounds, Draws& draws);
/// What is wrong with them; empty if they are numbers of that rule.
std::string fault_of(const NumberRule& rule, const std::vector<double>& numbers,
                     const Bounds& bounds);

/// "3", "0.25": as a phenotype has it, from which the same number is read.
std::string number_text(double number);

}  // namespace joule::evolution
