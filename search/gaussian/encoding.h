// SPDX-License-Identifier: MIT
#pragma once

#include "joule/search/gaussian/process.h"
#include "joule/search/space.h"

namespace joule::search {

/// Points as rows of numbers.  A dimension of a single value has no column, a real or integer one
/// has one, a categorical one a column per choice, which share a length scale.
///   unit  real, integer: the u of value_of_unit(), of an integer the middle of its u; categorical:
///         1 / sqrt(2) in the column of its choice, 0 in the others, so that two choices are as far
///         from each other as the ends of a range.  A dimension that is not active has 1/2, or in
///         each column of n the n-th part: as far from one choice as from the other.
///   raw   real, integer: the number; categorical: 1 and 0; not active: 0
class Encoding {
 public:
  enum class Scale { unit, raw };
  Encoding(const Space& space, Scale scale);

  const std::vector<std::size_t>& scale_of() const { return scale_of_; }
  std::size_t columns() const { return scale_of_.size(); }
  /// The first column of that dimension of the space.
  std::size_t first_column(std::size_t dimension) const { return first_column_[dimension]; }
  /// Of a point of the space.
  std::vector<double> encode(const Point& point) const;

 private:
  std::vector<Dimension> dimensions_;
  Scale scale_;
  std::vector<std::size_t> first_column_, scale_of_;
};

/// Outputs, of which less is better, as a process sees them: (w - mean w) / deviation w, with
/// t = (y - median y) / s, s^2 the mean of (y - median y)^2 over what is better than the median,
/// and
///   plain       w = y
///   compressed  w = t if t <= 0, else asinh t
///   capped      as compressed, and at most 5: trials that went wrong, however far, are bad and no
///               more than that
class OutputScale {
 public:
  enum class Kind { plain, compressed, capped };
  /// Of finite outputs, at least one.
  OutputScale(std::vector<double> outputs, Kind kind);
  double operator()(double output) const;
  /// How many of y are one of its own; of `plain`.
  double unit() const { return deviation_; }

 private:
  double warped(double output) const;

  Kind kind_;
  double median_ = 0, spread_ = 1;
  double mean_ = 0, deviation_ = 1;
};

}  // namespace joule::search
