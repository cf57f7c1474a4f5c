// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/evolution/individual.h"
#include "joule/search/space.h"

// What a trial of an evolution is asked to do, as a point of its study.
namespace joule::study {

/// Why an individual is trained.
enum class EvolveRole {
  initial,    // it is drawn at random
  offspring,  // it is a mutant of a parent
  parent,     // it is trained again beside its offspring
  rematch     // it gets as much training time as the one that it is compared with
};
std::string_view name(EvolveRole role);

/// One candidate of a generation.
struct EvolvePoint {
  std::int64_t generation = 0;  // from 0
  EvolveRole role = EvolveRole::initial;
  evolution::Individual individual;
  std::int64_t from = -1;  // the trial with whose weights training begins; -1: drawn ones
  std::int64_t slots = 1;  // of training time, in this trial
  std::int64_t first = 0;  // the generation's first trial
  std::vector<std::int64_t> modules{};  // those that are new, and to be measured
  std::vector<std::int64_t> parents{};  // trials of earlier generations whose weights may be needed
};

/// generation, role, plan (a JSON text of the rest), individual (its JSON text).
search::Space evolve_space();
search::Point to_point(const EvolvePoint& point);
/// The inverse.  `where` is for the messages: "trial 7".
///
/// Errors    DataError that begins with it.
EvolvePoint parse_point(const search::Point& point, const std::string& where);

}  // namespace joule::study
