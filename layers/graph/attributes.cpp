// SPDX-License-Identifier: MIT
#include "joule/layers/graph/attributes.h"

#include <array>
#include <charconv>

#include "joule/core/error.h"

namespace joule::nn {
namespace {

template <class... Fs>
struct Visitor : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Visitor(Fs...) -> Visitor<Fs...>;

template <class Number>
std::string shortest(Number number) {
  std::array<char, 64> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}

}  // namespace

std::string to_text(const Attribute& attribute) {
  return std::visit(Visitor{[](std::int64_t value) { return std::to_string(value); },
                            [](double value) { return shortest(value); },
                            [](bool value) -> std::string { return value ? "true" : "false"; },
                            [](const std::string& value) { return value; },
                            [](const std::vector<std::int64_t>& values) {
                              std::string text;
                              for (const std::int64_t value : values) {
                                if (!text.empty()) text += 'x';
                                text += std::to_string(value);
                              }
                              return text;
                            }},
                    attribute);
}

std::string_view type_of(const Attribute& attribute) {
  constexpr std::array<std::string_view, 5> kTypes{"a whole number", "a number", "true or false",
                                                   "a text", "a list of whole numbers"};
  return kTypes[attribute.index()];
}

const Attribute* Attributes::find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

template <class T>
const T& Attributes::get(std::string_view name) const {
  const Attribute* const found = find(name);
  require(found, "attribute '", name, "' is missing");
  const T* const value = std::get_if<T>(found);
  require(value, "attribute '", name, "': expected ", type_of(T()), ", got ", to_text(*found));
  return *value;
}

std::int64_t Attributes::integer(std::string_view name) const { return get<std::int64_t>(name); }
double Attributes::number(std::string_view name) const { return get<double>(name); }
bool Attributes::flag(std::string_view name) const { return get<bool>(name); }
const std::string& Attributes::text(std::string_view name) const { return get<std::string>(name); }
const std::vector<std::int64_t>& Attributes::list(std::string_view name) const {
  return get<std::vector<std::int64_t>>(name);
}

Size2 Attributes::size(std::string_view name) const {
  const auto& values = list(name);
  require(values.size() == 2, "attribute '", name, "': expected a height and a width, got ",
          values.size(), " numbers");
  return {values[0], values[1]};
}

double decimal(float number) {
  const std::string text = shortest(number);
  double value = number;  // which infinity and NaN stay
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace joule::nn
