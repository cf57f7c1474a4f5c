// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "joule/core/shape.h"

namespace joule::nn {

/// The value of a node's attribute: an integer, a number, a flag, a text, or a list of integers.
using Attribute = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>>;

/// "3", "0.1", "true", "he_normal", "3x3".
std::string to_text(const Attribute& attribute);
/// "a whole number", "a list of whole numbers" ...
std::string_view type_of(const Attribute& attribute);

/// Attributes by name: {{"in", 3}, {"kernel", list(Size2(3))}, {"bias", true}}.
class Attributes {
 public:
  using Map = std::map<std::string, Attribute, std::less<>>;

  Attributes() = default;
  Attributes(std::initializer_list<Map::value_type> values) : values_(values) {}

  /// Each returns the attribute of that name and type.
  /// Errors    ArgumentError if no attribute has that name, or it has another type.
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  bool flag(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  const std::vector<std::int64_t>& list(std::string_view name) const;
  /// A list of two numbers, height and width.
  Size2 size(std::string_view name) const;

  const Attribute* find(std::string_view name) const;
  void set(std::string name, Attribute value) { values_[std::move(name)] = std::move(value); }
  const Map& values() const { return values_; }
  friend bool operator==(const Attributes&, const Attributes&) = default;

 private:
  template <class T>
  const T& get(std::string_view name) const;

  Map values_;
};

inline Attribute list(Size2 size) { return std::vector<std::int64_t>{size.h, size.w}; }
/// The shortest decimal fraction that reads back as this float: 0.00001 for 1e-5f.
double decimal(float number);

/// A layer described as data.
struct LayerSpec {
  std::string kind;  // "Conv2d": see layers/graph/kinds.h
  Attributes attributes{};
  bool own = false;  // the layer has no spec(): nothing is known of it but what it computes
};

}  // namespace joule::nn
