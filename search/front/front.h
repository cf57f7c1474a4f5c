// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "joule/search/front/objectives.h"
#include "joule/search/interval.h"

// Which points no other beats.
namespace joule::search {

/// Whether point a is nowhere worse than b and somewhere better.  Equal points do not dominate each
/// other.
bool dominates(const Objectives& objectives, std::size_t a, std::size_t b);

/// Of each point its non-domination rank: 0 if none dominates it, else 1 + the largest rank of
/// those that do.
///
/// Cost      O(m n^2) in the worst case, O(m n log n) where there are few ranks with few points.
/// Source    Zhang et al. 2015, "An Efficient Approach to Nondominated Sorting".
std::vector<std::int64_t> ranks(const Objectives& objectives);

/// The points of rank 0, of equal ones the first alone, from the best to the worst in the first
/// objective (and where that is equal, in the second, ...).
std::vector<std::size_t> front(const Objectives& objectives);

/// Of each of the `members`, which are of one rank, how far its neighbours lie from each other:
///   sum over the objectives of (next value - previous value) / (largest - smallest)
/// in the order of that objective; infinite for the first and the last of any objective that is not
/// the same for all.  Equal values keep the order of `members`.
///
/// Source    Deb et al. 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II".
std::vector<double> crowding_distances(const Objectives& objectives,
                                       std::span<const std::size_t> members);

/// Per objective the point with its best value: of equal ones the one that is better in the other
/// objectives, in their order; then the first.  So each is on the front.
///
/// Errors    ArgumentError if there is no point.
std::vector<std::size_t> extrema(const Objectives& objectives);

struct Knee {
  std::size_t point = 0;
  double distance = 0;  // from the chord, of the front that is scaled to the unit square
};

/// Where a front of two objectives bends most.  With x, y the objectives of its points, scaled so
/// that the best on the front is 0 and the worst is 1, the chord joins its ends (0, 1) and (1, 0),
/// and the knee is the point that lies the farthest from it on the good side:
///   max (1 - x - y) / sqrt(2)
/// The first of equals in the order of front(); none if no point lies there (by more than 1e-12).
///
/// Errors    ArgumentError unless there are two objectives.
/// Source    Das 1999, "On characterizing the 'knee' of the Pareto curve".
std::optional<Knee> knee(const Objectives& objectives);

struct Bend {
  std::size_t point = 0;
  double angle = 0;  // in degrees: 0 of a straight line, up to 90
};

/// Where a front of two objectives, scaled as for knee(), has the largest angle between what comes
/// from the point before and what goes to the point after:
///   atan((y_before - y) / (x - x_before)) - atan((y - y_after) / (x_after - x))
/// The first of equals; none without a point between the ends, or if it bends nowhere to the good
/// side.  Unlike knee() it looks at neighbours alone, so that a step of one point counts.
///
/// Errors    ArgumentError unless there are two objectives.
/// Source    Deb and Gupta 2011, "Understanding Knee Points in Bicriteria Problems".
std::optional<Bend> largest_bend(const Objectives& objectives);

/// The pairs of `members` that the intervals do not tell apart: a pair is told apart if each of the
/// two is better in some objective, with its whole interval on the better side of the other's.
/// Otherwise one may dominate the other.
///
/// `intervals` has, per point, one per objective; nothing where the interval is not known (a single
/// run), which tells nothing apart.
///
/// Returns   pairs of points, in the order of `members`.
/// Errors    ArgumentError that names the point if it has not an interval per objective, or low >
/// high.
std::vector<std::pair<std::size_t, std::size_t>> unseparated(
    const Objectives& objectives, std::span<const std::size_t> members,
    std::span<const std::vector<std::optional<Interval>>> intervals);

}  // namespace joule::search
