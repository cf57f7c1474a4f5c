// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "joule/search/front/objectives.h"
#include "joule/search/samplers/samplers.h"

namespace joule::search {

/// The promising tenth of n points, ceil(n / 10).  With one objective: the best, at most 25.  With
/// several: those of the best ranks, and of the rank that does not fit completely, those chosen
/// greedily for a larger hypervolume, with a reference that is worse than the rank's worst by a
/// tenth of it in each objective.  The first of equal ones.
///
/// Returns   their indices, ascending.
/// Source    Ozaki et al. 2022, "Multiobjective Tree-Structured Parzen Estimator", JAIR 73.
std::vector<std::size_t> promising(const Objectives& objectives);

/// The same with constraints: the promising tenth of the feasible points, by the optimised
/// objectives.  If these are fewer than a tenth of all, also those infeasible points that violate
/// the limits least: by the sum of the violations, in units of each objective's range over all
/// points.
std::vector<std::size_t> promising(const Objectives& objectives, const Goals& goals);

}  // namespace joule::search
