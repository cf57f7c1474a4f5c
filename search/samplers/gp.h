// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "joule/search/gaussian/encoding.h"
#include "joule/search/gaussian/process.h"
#include "joule/search/sampler.h"

// The parts of the Gaussian-process samplers (sampler.h).
namespace joule::search {

/// The normal prediction of one result of a trial.
struct Expected {
  double mean = 0, deviation = 1;
};
/// How desirable a trial of that point is, given its predictions, one per process; more is
/// better.
using Acquisition = std::function<double(const Point&, std::span<const Expected>)>;

/// The point of a space that maximises an acquisition of processes: the best of 1024 points of a
/// scrambled Sobol sequence and of points around `promising` ones.  From the six best, reals are
/// moved along the gradient, and integers and choices to neighbours, while that helps.
///
/// Cost      O(points n^2) per process of n observations.
Point best_point(const Space& space, const Encoding& encoding,
                 std::span<const GaussianProcess> processes, const Acquisition& acquisition,
                 std::span<const Point> promising, std::uint64_t trial, std::uint64_t seed);

/// The number of initial trials from the Sobol sequence: min(10, 2 d + 2) for d dimensions that
/// are not constant.
std::int64_t initial_trials(const Space& space);

}  // namespace joule::search
