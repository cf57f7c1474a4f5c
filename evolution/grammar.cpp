// SPDX-License-Identifier: MIT
#include "joule/evolution/grammar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "joule/core/error.h"
#include "joule/io/nearest.h"

namespace joule::evolution {
namespace {

constexpr std::array<std::string_view, 4> kNumberTypes{"int", "float", "int_power2", "inv_power2"};

std::string bound_text(const std::optional<double>& bound) {
  return bound ? number_text(*bound) : "_";
}

std::string joined(const Alternative& alternative) {
  std::string text;
  for (const Symbol& symbol : alternative) text += (text.empty() ? "" : " ") + to_text(symbol);
  return text;
}

}  // namespace

std::string_view name(NumberType type) { return kNumberTypes[static_cast<std::size_t>(type)]; }

bool Grammar::has(std::string_view name) const {
  return std::ranges::count(productions, name, &Production::name) > 0;
}

const Production& Grammar::production(std::string_view name) const {
  const auto found = std::ranges::find(productions, name, &Production::name);
  if (found != productions.end()) return *found;
  std::vector<std::string> names;
  for (const Production& each : productions) names.push_back(each.name);
  throw ArgumentError(str("grammar: there is no <", name, ">; there are ", listed(names)));
}

std::string to_text(const Symbol& symbol) {
  if (symbol.kind == Symbol::Kind::non_terminal) return "<" + symbol.name + ">";
  if (symbol.kind == Symbol::Kind::terminal) return symbol.name + ":" + symbol.value;
  const NumberRule& n = symbol.number;
  return str("[", n.name, ",", name(n.type), ",", n.count, ",", bound_text(n.least), ",",
             bound_text(n.most), "]");
}

std::string to_text(const Grammar& grammar) {
  std::string text;
  for (const Production& production : grammar.productions) {
    std::string alternatives;
    for (const Alternative& each : production.alternatives) {
      alternatives += (alternatives.empty() ? "" : " | ") + joined(each);
    }
    text += "<" + production.name + "> ::= " + alternatives + "\n";
  }
  return text;
}

std::pair<double, double> bounds_of(const NumberRule& rule, const Bounds& bounds) {
  const auto known = bounds.find(rule.name);
  require((rule.least && rule.most) || known != bounds.end(), "grammar: ", "a bound of ", rule.name,
          " is '_', which is set for a partition_point alone");
  const double least = rule.least ? *rule.least : known->second.first;
  const double most = rule.most ? *rule.most : known->second.second;
  require(least <= most, "grammar: ", rule.name, ": no number is from ", least, " to ", most);
  return {least, most};
}

std::vector<double> draw_numbers(const NumberRule& rule, const Bounds& bounds, Draws& draws) {
  const auto [least, most] = bounds_of(rule, bounds);
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < rule.count; ++i) {
    if (rule.type == NumberType::real) {
      numbers.push_back(std::min(most, least + draws.unit() * (most - least)));
      continue;
    }
    const auto whole = static_cast<double>(
        draws.between(static_cast<std::int64_t>(least), static_cast<std::int64_t>(most)));
    numbers.push_back(rule.type == NumberType::integer        ? whole
                      : rule.type == NumberType::power_of_two ? std::exp2(whole)
                                                              : std::exp2(-whole));
  }
  return numbers;
}

std::string fault_of(const NumberRule& rule, const std::vector<double>& numbers,
                     const Bounds& bounds) {
  const auto count = static_cast<std::int64_t>(numbers.size());
  if (count != rule.count)
    return str(rule.name, ": expected ", rule.count, " numbers, got ", count);
  const auto [least, most] = bounds_of(rule, bounds);
  for (const double number : numbers) {
    const double within = rule.type == NumberType::power_of_two           ? std::log2(number)
                          : rule.type == NumberType::inverse_power_of_two ? -std::log2(number)
                                                                          : number;
    if (rule.type != NumberType::real && within != std::round(within)) {
      return str(rule.name, ": expected ", name(rule.type), ", got ", number_text(number));
    }
    if (!(within >= least && within <= most)) {
      return str(rule.name, ": expected ", number_text(least), " to ", number_text(most),
                 rule.type == NumberType::power_of_two           ? " as k of 2^k"
                 : rule.type == NumberType::inverse_power_of_two ? " as k of 1/2^k"
                                                                 : "",
                 ", got ", number_text(number));
    }
  }
  return {};
}

std::string number_text(double number) {
  constexpr double kFixed = 1e-9, kWhole = 0x1p53;  // between them as people write it: 0.00001
  const double size = std::abs(number);
  const bool fixed = number == 0 || (size >= kFixed && size <= kWhole);
  std::array<char, 64> text;
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), number,
                    fixed ? std::chars_format::fixed : std::chars_format::general);
  return {text.data(), end};
}

}  // namespace joule::evolution
