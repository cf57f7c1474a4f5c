// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/search/point.h"

// What may be tried.
namespace joule::search {

/// A dimension that has it is active where the dimension of that name is, and has one of the
/// values.
struct Condition {
  std::string dimension;           // declared earlier; integer or categorical
  std::vector<PointValue> values;  // at least one
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// What a dimension's values are.
enum class Kind {
  real,         // low <= value <= high
  integer,      // low, low + step, ... up to high
  categorical,  // one of the choices, which have no order
  text,         // any text: no sampler knows what to propose
};
/// "real", "integer", "categorical", "text".
std::string_view name(Kind kind);

/// One value of a point.
struct Dimension {
  std::string name;
  Kind kind = Kind::real;
  double low = 0, high = 1;  // of a real or an integer: both can be taken
  /// Equal ratios are equally likely, not equal differences.
  bool log = false;
  /// Of an integer; 1 with `log`.
  std::int64_t step = 1;
  /// Of a real: the number of values that a grid takes of it, both ends among them; 0: it cannot be
  /// on a grid.
  std::int64_t levels = 0;
  std::vector<std::string> choices;  // of a categorical
  std::optional<Condition> active_if;

  friend bool operator==(const Dimension&, const Dimension&) = default;
};

/// An integer dimension's or a categorical's number of values; none of a real or a text.
std::optional<std::int64_t> value_count(const Dimension& dimension);
/// Its `index`-th value, from 0 on.  Errors    ArgumentError if it is a text.
PointValue value_at(const Dimension& dimension, std::int64_t index);

/// u of [0, 1), cut into the dimension's values:
///   real         low + u (high - low); log: low (high / low)^u
///   integer      low + step floor(u n) of its n values; log: the integer nearest to
///                (low - 1/2) ((high + 1/2) / (low - 1/2))^u
///   categorical  choices[floor(u n)]
/// Errors    ArgumentError if it is a text.
/// Numerics  A uniform u that is a multiple of 2^-53 makes each of n values likely to within 2^-53.
///           With `log` a real is rounded to 12 digits, so that libraries of C, which differ in the
///           last bit of exp() and log(), give one value (but for 1 in 10^4 of where they differ).
PointValue value_of_unit(const Dimension& dimension, double u);

/// Dimensions with names.  Immutable: what is there was checked.
class Space {
 public:
  Space() = default;
  /// Errors    ArgumentError that names the dimension, if a name is empty or there twice; limits
  /// are
  ///           not finite, or not in order, or (log) not positive, or those of an integer not whole
  ///           or beyond 2^53; `high` is not low + k step; a step is below 1, or not 1 with `log`;
  ///           levels are negative, or 1 of a range; there are no choices, or one twice; what
  ///           another kind has is set; a condition is on what is not an earlier integer or
  ///           categorical, or names a value that it cannot have.
  explicit Space(std::vector<Dimension> dimensions);

  std::span<const Dimension> dimensions() const { return dimensions_; }
  std::size_t size() const { return dimensions_.size(); }

  /// Whether `dimension`, of this space, is active in a point that has all active ones before it.
  bool active(const Dimension& dimension, const Point& point) const;

  /// Errors    ArgumentError that names the dimension, the value and what was expected: a value is
  ///           missing, of another type, out of range or off the steps; one is there of a dimension
  ///           that is not active or that does not exist.
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
/// what has its default is left out.
std::string to_json(const Space& space);
/// The inverse.
///
/// Errors    DataError that starts with `path`: what is not such a document, and what Space()
/// refuses.
Space parse_space(std::string_view json, const std::string& path);

/// {"lr": 0.01, "optimizer": "adam"}
std::string to_json(const Point& point);
/// The inverse, in the order of the space.  A real may be written without a point ("1").
///
/// Errors    DataError that starts with `path`: what is not such a document, and what
/// Space::check()
///           refuses.
Point parse_point(const Space& space, std::string_view json, const std::string& path);

}  // namespace joule::search
