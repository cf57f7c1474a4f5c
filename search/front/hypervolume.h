// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "joule/search/front/objectives.h"

namespace joule::search {

/// The volume that the points dominate, up to the reference: of all z with
/// point <= z <= reference (>= for an objective to maximise) for some
/// point.  Points that are not better than the reference in every objective
/// add nothing.
///
/// `reference` has one value per objective, in the objective's own direction.
///
/// Cost      one objective O(n); two O(n log n); m >= 3 at most O(n^(m-1) log n), in practice far
///           less, since dominated points are dropped on the way.
/// Errors    ArgumentError if the reference does not have one finite value per objective.
/// Numerics  exact except for rounding; sums and products in double.
/// Source    While, Bradstreet and Barone 2012, "A Fast Way of Calculating Exact Hypervolumes"
/// (WFG).
double hypervolume(const Objectives& objectives, std::span<const double> reference);

/// What the hypervolume loses without each point: 0 if the point is dominated or a duplicate.
///
/// Cost      n hypervolumes.
std::vector<double> exclusive_contributions(const Objectives& objectives,
                                            std::span<const double> reference);

/// `count` of the candidates that together have a large hypervolume, chosen greedily: each time the
/// one that adds most, the first of equal ones in the order of front().  Reaches at least 1 - 1/e
/// of the largest possible.
///
/// Errors    as hypervolume(); ArgumentError if there are fewer than `count` candidates.
/// Source    Guerreiro, Fonseca and Paquete 2016, "Greedy Hypervolume Subset Selection in Low
///           Dimensions".
std::vector<std::size_t> largest_subset(const Objectives& objectives,
                                        std::span<const std::size_t> candidates, std::size_t count,
                                        std::span<const double> reference);

}  // namespace joule::search
