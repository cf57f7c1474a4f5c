// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/nas/table/value.h"
#include "joule/search/sampler.h"

// Searches among cells: their evaluations in order.
namespace joule::nas {

/// An objective of a search.
struct Objective {
  std::string metric;
  search::Direction direction = search::Direction::minimise;
  friend bool operator==(const Objective&, const Objective&) = default;
};

/// Accuracies are maximised, everything else is minimised.
Objective objective_of(std::string_view metric);
/// objective_of() each of them: "validation accuracy", "energy".
std::vector<Objective> default_objectives();
std::vector<search::Direction> directions_of(const std::vector<Objective>& objectives);

/// A training that a search evaluated.
struct SearchEvaluation {
  search::Point point;
  std::int64_t epochs = 0;
  std::vector<Value> values{};  // the objectives in order, then whatever else is known
  std::string fault{};          // why there is no result; then there are no values
  /// The cost of the training, or of the training that a query replaces: joules, seconds.
  double joules = 0, seconds = 0;

  bool valid() const { return fault.empty(); }
  /// The number of the value of that name, if it is there.
  std::optional<double> number(std::string_view metric) const;
  std::vector<double> objectives(const std::vector<Objective>& all) const;
};

/// One search.
struct SearchRun {
  std::string strategy;  // as requested
  std::string sampler;   // with all its options; empty: the points were given
  std::uint64_t seed = 0;
  std::vector<SearchEvaluation> evaluations{};
  double seconds = 0;  // that the search itself took: without trainings
};

}  // namespace joule::nas
