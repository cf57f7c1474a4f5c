// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "joule/search/front/objectives.h"

namespace joule::search {

/// The volume of what the points dominate up to the reference: of all z with point <= z <=
/// reference
/// (>= where the objective is to maximise) for some point.  Points that are not better than the
/// reference in every objective add nothing.
///
/// `reference` has a value per objective, in its own direction.
///
/// Cost      one objective O(n); two O(n log n); m >= 3 at most O(n^(m-1) log n), in practice far
///           less, since what is dominated is left out on the way.
/// Errors    ArgumentError if the reference has not a finite value per objective.
/// Numerics  Exact but for rounding; sums and products in double.
/// Source    While, Bradstreet and Barone 2012, "A Fast Way of Calculating Exact Hypervolumes"
/// (WFG).
double hypervolume(const Objectives& objectives, std::span<const double> reference);

/// Of each point what the hypervolume loses without it: 0 if it is dominated, or there twice.
///
/// Cost      n hypervolumes.
std::vector<double> exclusive_contributions(const Objectives& objectives,
                                            std::span<const double> reference);

/// `count` of the candidates with a large hypervolume together: one after another the one that adds
/// most to those before it, of equal ones the first in the order of front().  At least 1 - 1/e of
/// the largest that there is.
///
/// Errors    as hypervolume(); ArgumentError if there are fewer candidates.
/// Source    Guerreiro, Fonseca and Paquete 2016, "Greedy Hypervolume Subset Selection in Low
///           Dimensions".
std::vector<std::size_t> largest_subset(const Objectives& objectives,
                                        std::span<const std::size_t> candidates, std::size_t count,
                                        std::span<const double> reference);

}  // namespace joule::search
