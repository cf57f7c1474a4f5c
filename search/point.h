// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// A sampler's proposal: a value for each active dimension of a space.
namespace joule::search {

/// The value of a real, integer or categorical dimension.
using PointValue = std::variant<double, std::int64_t, std::string>;

/// The text of a value in messages: a real with enough digits to distinguish it from its
/// neighbours, a text in quotes.
std::string shown(const PointValue& value);
/// For tables and names that people read: a real number with four significant digits (more where a
/// number below 1 would else be 1: 0.99999), a text without quotes.
std::string brief(const PointValue& value);

/// Named values, in the order in which they were set; samplers and parse_point() set them in the
/// order of the space.  Space::check() tells whether they form a point of a space.
class Point {
 public:
  using Entry = std::pair<std::string, PointValue>;

  Point() = default;
  /// Errors    ArgumentError if a name appears twice.
  Point(std::initializer_list<Entry> entries);

  /// Replaces the value if the name exists.
  void set(std::string_view name, PointValue value);

  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Null if there is no value of that name.
  const PointValue* find(std::string_view name) const;
  /// Errors    ArgumentError if there is no value of that name; the message suggests the nearest.
  const PointValue& operator[](std::string_view name) const;
  /// T is double, std::int64_t or std::string.
  ///
  /// Errors    as operator[]; ArgumentError that names the value if it is of another type.
  template <class T>
  const T& get(std::string_view name) const {
    const PointValue& value = (*this)[name];
    const T* const held = std::get_if<T>(&value);
    if (!held) throw_other_type(name, value, PointValue(T()).index());
    return *held;
  }

  std::span<const Entry> entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }

  /// The same values under the same names, in any order.
  friend bool operator==(const Point& a, const Point& b);

 private:
  [[noreturn]] static void throw_other_type(std::string_view name, const PointValue& value,
                                            std::size_t expected);

  std::vector<Entry> entries_;
};

}  // namespace joule::search
