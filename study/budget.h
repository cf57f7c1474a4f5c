// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/study/study.h"

namespace joule::study {

/// What all trials of a study have spent, in joules of one quality.
struct Spent {
  std::optional<energy::Joules> energy{};
  Quality quality = Quality::unavailable;
  std::string reason{};      // why there is no sum
  std::int64_t without = 0;  // failed trials that reported no energy; not in the sum
};

/// The sum of kEnergy over the trials that have reported anything, in their energy_quality(); empty
/// if there is no such quality.
Spent spent(const std::vector<Trial>& trials);

/// Whether the trials have spent more than the study's budget.
///
/// Errors    DataError if there is a budget but no sum, so that the budget cannot be enforced.
bool over_budget(const Study& study, const std::vector<Trial>& trials);

}  // namespace joule::study
