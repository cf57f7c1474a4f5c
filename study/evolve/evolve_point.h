// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/individual.h"
#include "joule/search/space.h"

// The task of a trial of an evolution, as a point of its study.
namespace joule::study {

/// Why an individual is trained.
enum class EvolveRole {
  initial,    // drawn at random
  offspring,  // a mutant of a parent
  parent,     // trained again with its offspring
  rematch     // gets as much training time as the one it is compared with
};
std::string_view name(EvolveRole role);

/// One candidate of a generation.
struct EvolvePoint {
  std::int64_t generation = 0;  // from 0
  EvolveRole role = EvolveRole::initial;
  evolution::Individual individual;
  std::int64_t from = -1;  // the trial with whose weights training begins; -1: drawn weights
  std::int64_t slots = 1;  // of training time, in this trial
  std::int64_t first = 0;  // the generation's first trial
  std::vector<std::int64_t> modules{};  // new ones, to be measured
  std::vector<std::int64_t> parents{};  // trials of earlier generations whose weights may be needed
};

/// generation, role, plan (a JSON text of the rest), individual (its JSON text).
search::Space evolve_space();
search::Point to_point(const EvolvePoint& point);
/// The inverse.  `where` begins messages: "trial 7".
///
/// Errors    DataError that begins with it.
EvolvePoint parse_point(const search::Point& point, const std::string& where);

}  // namespace joule::study
