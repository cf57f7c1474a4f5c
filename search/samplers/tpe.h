// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "joule/search/front/objectives.h"

namespace joule::search {

/// Of n points the promising tenth, ceil(n / 10): with one objective the best, at most 25; with
/// several those of the best ranks, and of the rank of which not all find room the ones that make
/// the hypervolume larger, chosen one after another; its reference is worse than the rank's worst
/// by a tenth of it in each objective. Of equal ones the first.
///
/// Returns   their numbers, rising.
/// Source    Ozaki et al. 2022, "Multiobjective Tree-Structured Parzen Estimator", JAIR 73.
std::vector<std::size_t> promising(const Objectives& objectives);

}  // namespace joule::search
