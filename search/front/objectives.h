// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "joule/search/sampler.h"

namespace joule::search {

/// The objectives of points, checked: what the functions of this folder read.
class Objectives {
 public:
  /// A row of `values` per point.  `names` are for messages ("trial 12"); without them points have
  /// their number in `values` ("point 3").
  ///
  /// Errors    ArgumentError that names the point if it has not a value per direction, or one is
  /// not
  ///           a finite number; if there are no directions, or names but not one per point.
  Objectives(std::vector<Direction> directions, std::vector<std::vector<double>> values,
             std::vector<std::string> names = {});

  std::span<const Direction> directions() const { return directions_; }
  std::size_t size() const { return values_.size(); }
  /// As given.
  std::span<const double> operator[](std::size_t point) const { return values_[point]; }
  /// With the signs of those to maximise changed: less is better in each.
  std::span<const double> cost(std::size_t point) const { return costs_[point]; }
  std::span<const std::vector<double>> costs() const { return costs_; }
  std::string name(std::size_t point) const;

 private:
  std::vector<Direction> directions_;
  std::vector<std::vector<double>> values_, costs_;
  std::vector<std::string> names_;  // empty: their numbers
};

/// Those of finished trials, named "trial 12".
Objectives objectives_of(std::vector<Direction> directions,
                         std::span<const Observation> observations);

}  // namespace joule::search
