// SPDX-License-Identifier: MIT
#include "joule/search/point.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "joule/core/error.h"
#include "joule/io/nearest.h"

namespace joule::search {

std::string shown(const PointValue& value) {
  if (const auto* real = std::get_if<double>(&value)) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, *real).ptr};
  }
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  return str("'", std::get<std::string>(value), "'");
}

std::string brief(const PointValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* const real = std::get_if<double>(&value);
  if (!real) return shown(value);
  char digits[32];
  for (int count = 4;; ++count) {
    const std::string_view text(digits, std::to_chars(digits, digits + sizeof digits, *real,
                                                      std::chars_format::general, count)
                                            .ptr);
    const bool is_one = text == "1" || text == "-1";
    if (!is_one || !(std::abs(*real) < 1)) return std::string(text);
  }
}

Point::Point(std::initializer_list<Entry> entries) {
  for (const Entry& entry : entries) {
    require(!contains(entry.first), "point: '", entry.first, "' is there twice");
    entries_.push_back(entry);
  }
}

void Point::set(std::string_view name, PointValue value) {
  const auto found = std::ranges::find(entries_, name, &Entry::first);
  if (found != entries_.end()) {
    found->second = std::move(value);
  } else {
    entries_.emplace_back(name, std::move(value));
  }
}

const PointValue* Point::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::first);
  return found == entries_.end() ? nullptr : &found->second;
}

const PointValue& Point::operator[](std::string_view name) const {
  const PointValue* const value = find(name);
  if (!value) {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.first);
    throw ArgumentError(str("point: there is no '", name, "'", did_you_mean(name, names)));
  }
  return *value;
}

void Point::throw_other_type(std::string_view name, const PointValue& value, std::size_t expected) {
  constexpr const char* kTypes[] = {"a real number", "an integer", "a text"};
  throw ArgumentError(str("point: '", name, "' is ", kTypes[value.index()], " (", shown(value),
                          "), asked for as ", kTypes[expected]));
}

bool operator==(const Point& a, const Point& b) {
  return a.size() == b.size() && std::ranges::all_of(a.entries_, [&](const Point::Entry& entry) {
           const PointValue* const other = b.find(entry.first);
           return other && *other == entry.second;
         });
}

}  // namespace joule::search
