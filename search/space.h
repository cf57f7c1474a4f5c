// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/search/point.h"

// Search spaces.
namespace joule::search {

/// A dimension with a condition is active where the named dimension is active and has one of the
/// values.
struct Condition {
  std::string dimension;           // declared earlier; integer or categorical
  std::vector<PointValue> values;  // at least one
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// The kind of a dimension's values.
enum class Kind {
  real,         // low <= value <= high
  integer,      // low, low + step, ... up to high
  categorical,  // one of the choices, which have no order
  text,         // any text: samplers cannot propose one
};
/// "real", "integer", "categorical", "text".
std::string_view name(Kind kind);

/// One coordinate of a point.
struct Dimension {
  std::string name;
  Kind kind = Kind::real;
  double low = 0, high = 1;  // of a real or an integer: both limits are allowed
  /// Equal ratios, instead of equal differences, are equally likely.
  bool log = false;
  /// For an integer; 1 with `log`.
  std::int64_t step = 1;
  /// For a real: the number of values in a grid, including both ends; 0: it cannot be
  /// in a grid.
  std::int64_t levels = 0;
  std::vector<std::string> choices;  // of a categorical
  std::optional<Condition> active_if;

  friend bool operator==(const Dimension&, const Dimension&) = default;
};

/// The number of values of an integer or categorical dimension; none for a real or a text.
std::optional<std::int64_t> value_count(const Dimension& dimension);
/// Its `index`-th value, from 0.  Errors    ArgumentError if it is a text.
PointValue value_at(const Dimension& dimension, std::int64_t index);

/// Maps u in [0, 1) to a value of the dimension:
///   real         low + u (high - low); log: low (high / low)^u
///   integer      low + step floor(u n) of its n values; log: the integer nearest to
///                (low - 1/2) ((high + 1/2) / (low - 1/2))^u
///   categorical  choices[floor(u n)]
/// Errors    ArgumentError if it is a text.
/// Numerics  For a uniform u that is a multiple of 2^-53, each of n values is equally likely to
///           within 2^-53.  With `log`, a real is rounded to 12 digits, so that C libraries, whose
///           exp() and log() differ in the last bit, give the same value (except for 1 in 10^4 of
///           such cases).
PointValue value_of_unit(const Dimension& dimension, double u);

/// Named dimensions.  Immutable, and checked on construction.
class Space {
 public:
  Space() = default;
  /// Errors    ArgumentError that names the dimension, if a name is empty or a duplicate; limits
  ///           are not finite, not in order, with log not positive, or for an integer not whole or
  ///           beyond 2^53; `high` is not low + k step; a step is below 1, or not 1 with `log`;
  ///           levels are negative, or 1 for a range; there are no choices, or a duplicate; a
  ///           member of another kind is set; a condition is not on an earlier integer or
  ///           categorical, or names a value that it cannot have.
  explicit Space(std::vector<Dimension> dimensions);

  std::span<const Dimension> dimensions() const { return dimensions_; }
  std::size_t size() const { return dimensions_.size(); }

  /// Whether `dimension`, of this space, is active in a point that has all active ones before it.
  bool active(const Dimension& dimension, const Point& point) const;

  /// Errors    ArgumentError that names the dimension, the value and what was expected: a value is
  ///           missing, of another type, out of range or off the steps; or a value belongs to a
  ///           dimension that is inactive or does not exist.
  void check(const Point& point) const;

  /// The number of different points of the grid (grid.h).
  ///
  /// Errors    ArgumentError if a real dimension has no levels, or there are 2^63 points or more.
  std::int64_t grid_size() const;

  friend bool operator==(const Space&, const Space&) = default;

 private:
  std::vector<Dimension> dimensions_;
};

/// {"dimensions": [{"name": "lr", "kind": "real", "low": 1e-4, "high": 0.1, "log": true}, ...]};
/// members with default values are omitted.
std::string to_json(const Space& space);
/// The inverse.
///
/// Errors    DataError that starts with `path` if it is not such a document, or Space() refuses
///           it.
Space parse_space(std::string_view json, const std::string& path);

/// {"lr": 0.01, "optimizer": "adam"}
std::string to_json(const Point& point);
/// The inverse, in the order of the space.  A real may be written without a point ("1").
///
/// Errors    DataError that starts with `path` if it is not such a document, or Space::check()
///           refuses the point.
Point parse_point(const Space& space, std::string_view json, const std::string& path);

}  // namespace joule::search
