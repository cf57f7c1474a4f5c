// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/study/study.h"

namespace joule::study {

/// What the trials of a study have spent together: joules of one quality.
struct Spent {
  std::optional<energy::Joules> energy{};
  Quality quality = Quality::unavailable;
  std::string reason{};      // why there is no sum
  std::int64_t without = 0;  // failed trials that told nothing of theirs: not in the sum
};

/// The sum of kEnergy over the trials that have told anything, in their energy_quality(); none
/// where there is no such quality.
Spent spent(const std::vector<Trial>& trials);

/// Whether the trials have spent more than the study's budget.
///
/// Errors    DataError if there is a budget and no sum: it cannot be kept.
bool over_budget(const Study& study, const std::vector<Trial>& trials);

}  // namespace joule::study
