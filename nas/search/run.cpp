// SPDX-License-Identifier: MIT
#include "joule/nas/search/run.h"

#include <algorithm>

#include "joule/core/error.h"

namespace joule::nas {

Objective objective_of(std::string_view metric) {
  const bool accuracy = metric.ends_with("accuracy");
  return {std::string(metric),
          accuracy ? search::Direction::maximise : search::Direction::minimise};
}

std::vector<Objective> default_objectives() {
  return {objective_of(kValidationAccuracy), objective_of(kEnergy)};
}

std::vector<search::Direction> directions_of(const std::vector<Objective>& objectives) {
  std::vector<search::Direction> directions;
  for (const Objective& objective : objectives) directions.push_back(objective.direction);
  return directions;
}

std::optional<double> SearchEvaluation::number(std::string_view metric) const {
  for (const Value& value : values) {
    if (value.metric.name == metric && value.number) return value.number;
  }
  return std::nullopt;
}

std::vector<double> SearchEvaluation::objectives(const std::vector<Objective>& all) const {
  std::vector<double> numbers;
  for (const Objective& objective : all) {
    const std::optional<double> found = number(objective.metric);
    require(found.has_value(), "an evaluation has no ", objective.metric);
    numbers.push_back(*found);
  }
  return numbers;
}

}  // namespace joule::nas
