// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "joule/search/front/objectives.h"
#include "joule/search/samplers/samplers.h"

namespace joule::search {

/// Of n points the promising tenth, ceil(n / 10): with one objective the best, at most 25; with
/// several those of the best ranks, and of the rank of which not all find room the ones that make
/// the hypervolume larger, chosen one after another; its reference is worse than the rank's worst
/// by a tenth of it in each objective. Of equal ones the first.
///
/// Returns   their numbers, rising.
/// Source    Ozaki et al. 2022, "Multiobjective Tree-Structured Parzen Estimator", JAIR 73.
std::vector<std::size_t> promising(const Objectives& objectives);

/// The same with constraints: those among the feasible points by what is optimised; if these are
/// fewer than a tenth of all, they and of the others the ones that break the limits least: the sum
/// of what is beyond each, in units of that objective's extent over all points.
std::vector<std::size_t> promising(const Objectives& objectives, const Goals& goals);

}  // namespace joule::search
