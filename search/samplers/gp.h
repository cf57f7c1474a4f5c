// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "joule/search/gaussian/encoding.h"
#include "joule/search/gaussian/process.h"
#include "joule/search/sampler.h"

// The parts of the samplers by Gaussian processes (sampler.h).
namespace joule::search {

/// What is expected of a trial in one respect: normal.
struct Expected {
  double mean = 0, deviation = 1;
};
/// How much a trial of that point with those expectations, one per process, is wanted; more is
/// better.
using Acquisition = std::function<double(const Point&, std::span<const Expected>)>;

/// Where an acquisition of processes is the largest in a space: the best of 1024 points of a
/// scrambled Sobol sequence and of points around `promising` ones, from the six best of which on
/// reals are moved along the gradient, and integers and choices to neighbours, while that helps.
///
/// Cost      O(points n^2) per process of n observations.
Point best_point(const Space& space, const Encoding& encoding,
                 std::span<const GaussianProcess> processes, const Acquisition& acquisition,
                 std::span<const Point> promising, std::uint64_t trial, std::uint64_t seed);

/// As many trials as the samplers take of the Sobol sequence: min(10, 2 d + 2) of d dimensions that
/// are not constant.
std::int64_t initial_trials(const Space& space);

}  // namespace joule::search
