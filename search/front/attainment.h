// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <span>
#include <vector>

#include "joule/search/front/objectives.h"

namespace joule::search {

/// The corners of the region that at least k of the runs attained, with two objectives: the
/// objective vectors that are no better than some point of each of k runs, without dominated ones.
/// k = 1 is the front of all runs together, k = n / 2 the median, k = n what every run attained.
///
/// Returns   in the objectives' own directions, from best to worst in the first.
/// Cost      O(N (log N + runs)) for N points.
/// Errors    ArgumentError unless 1 <= k <= the number of runs, and the runs have the same two
///           directions.
/// Source    Grunert da Fonseca, Fonseca and Hall 2001, "Inferential Performance Assessment of
///           Stochastic Optimisers and the Attainment Function".
std::vector<std::array<double, 2>> attainment_surface(std::span<const Objectives> runs,
                                                      std::size_t k);

}  // namespace joule::search
