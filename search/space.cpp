// SPDX-License-Identifier: MIT
#include "joule/search/space.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "joule/core/error.h"
#include "joule/io/nearest.h"

namespace joule::search {
namespace {

constexpr double kMostWhole = 0x1p53;  // up to here every whole number is a double

/// The message's beginning.
std::string of(const Dimension& dimension) { return str("dimension '", dimension.name, "': "); }

std::string range_text(const Dimension& d) {
  const std::string ends = str("from ", shown(value_at(d, 0)), " to ");
  if (d.kind == Kind::real) return str("a real number ", ends, shown(d.high));
  return str("an integer ", ends, shown(static_cast<std::int64_t>(d.high)),
             d.step == 1 ? "" : str(" in steps of ", d.step));
}

/// Why the dimension cannot have that value: what it expects instead; empty if it can.
std::string expected_instead(const Dimension& d, const PointValue& value) {
  if (d.kind == Kind::text) {
    return std::holds_alternative<std::string>(value) ? "" : str("a text, got ", shown(value));
  }
  if (d.kind == Kind::categorical) {
    const auto* const text = std::get_if<std::string>(&value);
    if (text && std::ranges::count(d.choices, *text)) return "";
    return str("one of ", listed(d.choices), ", got ", shown(value),
               text ? did_you_mean(*text, d.choices) : "");
  }
  bool good = false;
  if (const auto* const real = std::get_if<double>(&value)) {
    good = d.kind == Kind::real && *real >= d.low && *real <= d.high;
  } else if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
    const auto low = static_cast<std::int64_t>(d.low), high = static_cast<std::int64_t>(d.high);
    good = d.kind == Kind::integer && *integer >= low && *integer <= high &&
           (*integer - low) % d.step == 0;
  }
  return good ? "" : str(range_text(d), ", got ", shown(value));
}

void check_limits(const Dimension& d) {
  require(std::isfinite(d.low) && std::isfinite(d.high) && d.low <= d.high &&
              std::isfinite(d.high - d.low),
          of(d), "expected finite limits, low <= high, got ", shown(d.low), " and ", shown(d.high));
  require(!d.log || d.low > 0, of(d), "log needs limits above 0, got low ", shown(d.low));
}

void check_integer(const Dimension& d) {
  for (const double limit : {d.low, d.high}) {
    require(limit == std::floor(limit) && std::abs(limit) <= kMostWhole, of(d),
            "the limits of an integer must be whole and at most 2^53, got ", shown(limit));
  }
  require(d.step >= 1, of(d), "step: expected at least 1, got ", d.step);
  require(!d.log || d.step == 1, of(d), "log and a step of ", d.step, " exclude each other");
  const auto extent = static_cast<std::int64_t>(d.high) - static_cast<std::int64_t>(d.low);
  require(extent % d.step == 0, of(d), "expected high to be low + k step, got ", shown(d.high),
          " with low ", shown(d.low), " and step ", d.step);
}

void check_levels(const Dimension& d) {
  if (d.levels == 0) return;
  const bool one = d.low == d.high;
  require(one ? d.levels == 1 : d.levels >= 2, of(d), "levels: expected ",
          one ? "1, the limits being equal" : "at least 2, both ends", ", got ", d.levels);
}

void check_choices(const Dimension& d) {
  require(!d.choices.empty(), of(d), "has no choices");
  for (auto choice = d.choices.begin(); choice != d.choices.end(); ++choice) {
    require(!std::count(d.choices.begin(), choice, *choice), of(d), "choice '", *choice,
            "' is there twice");
  }
}

[[noreturn]] void throw_not_active(const Dimension& d, const Point& point,
                                   const PointValue& value) {
  const PointValue* const other = point.find(d.active_if->dimension);
  throw ArgumentError(str(of(d), "is not active with ", d.active_if->dimension,
                          other ? str(" = ", shown(*other)) : " not active", ", got ",
                          shown(value)));
}

/// What only another kind has must be as it is by default.
void check_foreign(const Dimension& d) {
  const Dimension preset;
  const bool categorical = d.kind == Kind::categorical;
  const bool words = categorical || d.kind == Kind::text;
  const auto refuse = [&](bool set, const char* what) {
    require(!set, of(d), name(d.kind), " has no ", what);
  };
  refuse(words && (d.low != preset.low || d.high != preset.high), "limits");
  refuse(words && d.log, "log");
  refuse(d.kind != Kind::integer && d.step != preset.step, "step");
  refuse(d.kind != Kind::real && d.levels != preset.levels, "levels");
  refuse(!categorical && !d.choices.empty(), "choices");
}

void check_condition(const Dimension& d, std::span<const Dimension> earlier) {
  const Condition& condition = *d.active_if;
  const auto parent = std::ranges::find(earlier, condition.dimension, &Dimension::name);
  if (parent == earlier.end()) {
    std::vector<std::string> names;
    std::ranges::transform(earlier, std::back_inserter(names), &Dimension::name);
    throw ArgumentError(str(of(d), "active_if names '", condition.dimension,
                            "', which is no earlier dimension",
                            did_you_mean(condition.dimension, names)));
  }
  require(parent->kind == Kind::integer || parent->kind == Kind::categorical, of(d),
          "active_if names '", parent->name, "', which is ", name(parent->kind),
          ": expected an integer or a categorical dimension");
  require(!condition.values.empty(), of(d), "active_if has no values");
  for (auto value = condition.values.begin(); value != condition.values.end(); ++value) {
    const std::string instead = expected_instead(*parent, *value);
    require(instead.empty(), of(d), "active_if: '", parent->name, "' is ", instead);
    require(!std::count(condition.values.begin(), value, *value), of(d),
            "active_if: ", shown(*value), " is there twice");
  }
}

/// To 12 significant digits: C libraries disagree about the last bit of exp() and log().
double rounded_12(double value) {
  char digits[32];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific, 11).ptr;
  std::from_chars(digits, end, value);
  return value;
}

}  // namespace

std::string_view name(Kind kind) {
  constexpr std::string_view kNames[] = {"real", "integer", "categorical", "text"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<std::int64_t> value_count(const Dimension& d) {
  if (d.kind == Kind::real || d.kind == Kind::text) return std::nullopt;
  if (d.kind == Kind::categorical) return static_cast<std::int64_t>(d.choices.size());
  return (static_cast<std::int64_t>(d.high) - static_cast<std::int64_t>(d.low)) / d.step + 1;
}

PointValue value_at(const Dimension& d, std::int64_t index) {
  require(d.kind != Kind::text, of(d), "is a text, of which no sampler knows the values");
  if (d.kind == Kind::categorical) return d.choices.at(static_cast<std::size_t>(index));
  if (d.kind == Kind::real) return d.low;
  return static_cast<std::int64_t>(d.low) + index * d.step;
}

PointValue value_of_unit(const Dimension& d, double u) {
  require(d.kind != Kind::text, of(d), "is a text, of which no sampler knows the values");
  if (d.kind == Kind::real) {
    const double value = d.log
                             ? rounded_12(std::exp(std::lerp(std::log(d.low), std::log(d.high), u)))
                             : d.low + u * (d.high - d.low);
    return std::clamp(value, d.low, d.high);  // rounding may leave the range
  }
  if (d.log) {
    const double low = std::log(d.low - 0.5), high = std::log(d.high + 0.5);
    const double value = std::round(std::exp(std::lerp(low, high, u)));
    return static_cast<std::int64_t>(std::clamp(value, d.low, d.high));
  }
  const std::int64_t count = *value_count(d);
  const auto index = static_cast<std::int64_t>(u * static_cast<double>(count));
  return value_at(d, std::min(index, count - 1));
}

Space::Space(std::vector<Dimension> dimensions) : dimensions_(std::move(dimensions)) {
  for (std::size_t i = 0; i < dimensions_.size(); ++i) {
    const Dimension& d = dimensions_[i];
    const std::span<const Dimension> earlier(dimensions_.data(), i);
    require(!d.name.empty(), "space: a dimension has no name");
    require(std::ranges::find(earlier, d.name, &Dimension::name) == earlier.end(), "space: '",
            d.name, "' is there twice");
    check_foreign(d);
    if (d.kind == Kind::categorical) {
      check_choices(d);
    } else if (d.kind != Kind::text) {
      check_limits(d);
    }
    if (d.kind == Kind::integer) check_integer(d);
    if (d.kind == Kind::real) check_levels(d);
    if (d.active_if) check_condition(d, earlier);
  }
}

bool Space::active(const Dimension& d, const Point& point) const {
  if (!d.active_if) return true;
  const PointValue* const value = point.find(d.active_if->dimension);
  return value && std::ranges::count(d.active_if->values, *value);
}

void Space::check(const Point& point) const {
  // A sampler checks all that it is given: texts are made of what is wrong alone.
  std::size_t known = 0;
  for (const Dimension& d : dimensions_) {
    const PointValue* const value = point.find(d.name);
    if (value) ++known;
    if (!active(d, point)) {
      if (value) throw_not_active(d, point, *value);
      continue;
    }
    if (!value) throw ArgumentError(of(d) + "the point has no value of it");
    const std::string instead = expected_instead(d, *value);
    if (!instead.empty()) throw ArgumentError(str(of(d), "expected ", instead));
  }
  if (known == point.size()) return;
  std::vector<std::string> names;
  std::ranges::transform(dimensions_, std::back_inserter(names), &Dimension::name);
  for (const Point::Entry& entry : point.entries()) {
    require(std::ranges::count(names, entry.first), "there is no dimension '", entry.first, "'",
            did_you_mean(entry.first, names));
  }
}

}  // namespace joule::search
