// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "joule/search/front/objectives.h"
#include "joule/search/interval.h"

// Non-dominated points.
namespace joule::search {

/// Whether point a is nowhere worse than b and somewhere better.  Equal points do not dominate each
/// other.
bool dominates(const Objectives& objectives, std::size_t a, std::size_t b);

/// The non-domination rank of each point: 0 if no point dominates it, else 1 + the largest rank of
/// those that do.
///
/// Cost      O(m n^2) in the worst case, O(m n log n) where there are few ranks with few points.
/// Source    Zhang et al. 2015, "An Efficient Approach to Nondominated Sorting".
std::vector<std::int64_t> ranks(const Objectives& objectives);

/// The points of rank 0, only the first of equal ones, from best to worst in the first objective
/// (and if that is equal, in the second, ...).
std::vector<std::size_t> front(const Objectives& objectives);

/// For each of the `members`, which must have the same rank, the distance between its neighbours:
///   sum over the objectives of (next value - previous value) / (largest - smallest)
/// in the order of that objective; infinite for the first and the last of any objective that is not
/// the same for all.  Equal values keep the order of `members`.
///
/// Source    Deb et al. 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II".
std::vector<double> crowding_distances(const Objectives& objectives,
                                       std::span<const std::size_t> members);

/// Per objective, the point with its best value; among equal ones the one that is better in the
/// other objectives, in their order, then the first.  So each is on the front.
///
/// Errors    ArgumentError if there is no point.
std::vector<std::size_t> extrema(const Objectives& objectives);

struct Knee {
  std::size_t point = 0;
  double distance = 0;  // from the chord, with the front scaled to the unit square
};

/// Where a front of two objectives bends most.  With x, y the objectives of its points, scaled so
/// that the best on the front is 0 and the worst is 1, the chord joins its ends (0, 1) and (1, 0).
/// The knee is the point farthest from it on the good side:
///   max (1 - x - y) / sqrt(2)
/// The first of equals in the order of front(); none if no point lies there (by more than 1e-12).
///
/// Errors    ArgumentError unless there are two objectives.
/// Source    Das 1999, "On characterizing the 'knee' of the Pareto curve".
std::optional<Knee> knee(const Objectives& objectives);

struct Bend {
  std::size_t point = 0;
  double angle = 0;  // in degrees: 0 for a straight line, up to 90
};

/// Where a front of two objectives, scaled as for knee(), has the largest angle between the segment
/// from the previous point and the segment to the next:
///   atan((y_before - y) / (x - x_before)) - atan((y - y_after) / (x_after - x))
/// The first of equal ones; none without a point between the ends, or if it never bends to the good
/// side.  Unlike knee(), it looks only at neighbours, so a step of one point counts.
///
/// Errors    ArgumentError unless there are two objectives.
/// Source    Deb and Gupta 2011, "Understanding Knee Points in Bicriteria Problems".
std::optional<Bend> largest_bend(const Objectives& objectives);

/// The pairs of `members` that the intervals do not separate.  A pair is separated if each of the
/// two is better in some objective, with its whole interval on the better side of the other's.
/// Otherwise one may dominate the other.
///
/// `intervals` has one per point and objective; empty where the interval is unknown (a single run),
/// which separates nothing.
///
/// Returns   pairs of points, in the order of `members`.
/// Errors    ArgumentError that names the point if it does not have one interval per objective, or
///           low > high.
std::vector<std::pair<std::size_t, std::size_t>> unseparated(
    const Objectives& objectives, std::span<const std::size_t> members,
    std::span<const std::vector<std::optional<Interval>>> intervals);

}  // namespace joule::search
