// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "joule/search/sampler.h"

namespace joule::search {

/// The checked objectives of points, which the functions of this folder read.
class Objectives {
 public:
  /// One row of `values` per point.  Messages use `names` ("trial 12"); without names, points are
  /// called by their index in `values` ("point 3").
  ///
  /// Errors    ArgumentError that names the point if it does not have one finite value per
  ///           direction; ArgumentError if there are no directions, or names but not one per point.
  Objectives(std::vector<Direction> directions, std::vector<std::vector<double>> values,
             std::vector<std::string> names = {});

  std::span<const Direction> directions() const { return directions_; }
  std::size_t size() const { return values_.size(); }
  /// As given.
  std::span<const double> operator[](std::size_t point) const { return values_[point]; }
  /// With the signs of objectives to maximise changed, so that less is better in each.
  std::span<const double> cost(std::size_t point) const { return costs_[point]; }
  std::span<const std::vector<double>> costs() const { return costs_; }
  std::string name(std::size_t point) const;

 private:
  std::vector<Direction> directions_;
  std::vector<std::vector<double>> values_, costs_;
  std::vector<std::string> names_;  // empty: use the indices
};

/// The objectives of finished trials, named "trial 12".
Objectives objectives_of(std::vector<Direction> directions,
                         std::span<const Observation> observations);

}  // namespace joule::search
