// SPDX-License-Identifier: MIT
#include "joule/search/front/objectives.h"

#include <cmath>

#include "joule/core/error.h"

namespace joule::search {

Objectives::Objectives(std::vector<Direction> directions, std::vector<std::vector<double>> values,
                       std::vector<std::string> names)
    : directions_(std::move(directions)), values_(std::move(values)), names_(std::move(names)) {
  require(!directions_.empty(), "objectives: there are no directions");
  require(names_.empty() || names_.size() == values_.size(), "objectives: ", names_.size(),
          " names for ", values_.size(), " points");
  costs_ = values_;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    // A name is made where it is needed: samplers make many of these.
    if (values_[i].size() != directions_.size()) {
      throw ArgumentError(
          str(name(i), ": expected ", directions_.size(), " objectives, got ", values_[i].size()));
    }
    for (std::size_t j = 0; j < directions_.size(); ++j) {
      if (!std::isfinite(values_[i][j])) {
        throw ArgumentError(
            str(name(i), ": objective ", j, " must be a finite number, got ", values_[i][j]));
      }
      if (directions_[j] == Direction::maximise) costs_[i][j] = -values_[i][j];
    }
  }
}

std::string Objectives::name(std::size_t point) const {
  return names_.empty() ? str("point ", point) : names_[point];
}

Objectives objectives_of(std::vector<Direction> directions,
                         std::span<const Observation> observations) {
  std::vector<std::vector<double>> values;
  std::vector<std::string> names;
  for (const Observation& observation : observations) {
    values.push_back(observation.objectives);
    names.push_back(str("trial ", observation.number));
  }
  return {std::move(directions), std::move(values), std::move(names)};
}

}  // namespace joule::search
