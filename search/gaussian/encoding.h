// SPDX-License-Identifier: MIT
#pragma once

#include "joule/search/gaussian/process.h"
#include "joule/search/space.h"

namespace joule::search {

/// Encodes points as rows of numbers.  A dimension with a single value has no column, a real or
/// integer one has one column, a categorical one has a column per choice, which share a length
/// scale.
///   unit  real, integer: the u of value_of_unit(), for an integer the middle of its u;
///         categorical: 1 / sqrt(2) in the column of its choice, 0 in the others, so that two
///         choices are as far apart as the ends of a range.  An inactive dimension has 1/2, or 1/n
///         in each of n columns: equally far from every choice.
///   raw   real, integer: the number; categorical: 1 and 0; inactive: 0
class Encoding {
 public:
  enum class Scale { unit, raw };
  Encoding(const Space& space, Scale scale);

  const std::vector<std::size_t>& scale_of() const { return scale_of_; }
  std::size_t columns() const { return scale_of_.size(); }
  /// The first column of that dimension of the space.
  std::size_t first_column(std::size_t dimension) const { return first_column_[dimension]; }
  /// Encodes a point of the space.
  std::vector<double> encode(const Point& point) const;

 private:
  std::vector<Dimension> dimensions_;
  Scale scale_;
  std::vector<std::size_t> first_column_, scale_of_;
};

/// Scales outputs, of which less is better, for a process: (w - mean w) / deviation w, with
/// t = (y - median y) / s, s^2 the mean of (y - median y)^2 over the values better than the median,
/// and
///   plain       w = y
///   compressed  w = t if t <= 0, else asinh t
///   capped      as compressed, but at most 5: trials that went wrong count as bad, no matter how
///               far
class OutputScale {
 public:
  enum class Kind { plain, compressed, capped };
  /// Takes finite outputs, at least one.
  OutputScale(std::vector<double> outputs, Kind kind);
  double operator()(double output) const;
  /// How many units of y are one unit of the scaled output; for `plain`.
  double unit() const { return deviation_; }

 private:
  double warped(double output) const;

  Kind kind_;
  double median_ = 0, spread_ = 1;
  double mean_ = 0, deviation_ = 1;
};

}  // namespace joule::search
