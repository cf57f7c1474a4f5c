// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/search/gaussian/process.h"

namespace joule::search {

/// A process with the hyperparameters that are the most probable, of both kernels the more probable
/// one. The outputs should have mean 0 and variance 1, the inputs lie in the unit cube of d
/// dimensions (one per length scale).  Beforehand
///   log length scale  normal, sqrt(2) + log(d) / 2, deviation sqrt(3); within [0.01, 1000]
///   log signal        normal, 0, deviation 2; within [1e-2, 1e4]
///   log noise         normal, log(1e-4), deviation 3; within [1e-8, 1]
///   mean              normal, 0, deviation 1
/// so that a handful of outputs decides nothing that they do not tell.
///
/// Cost      of n <= 160 outputs at most 4 starts x 2 kernels x 40 likelihoods with gradients; of
///           more outputs these are taken of 128 of them, and then 5 of all. 500 outputs of 6
///           dimensions take half a second (benchmarks/search_asker.cpp).
/// Errors    as GaussianProcess(); ArgumentError if there are no outputs.
/// Source    the length scales: Hvarfner, Hellsten and Nardi 2024, arXiv:2402.02229.
GaussianProcess fitted_process(const Inputs& inputs, const std::vector<double>& outputs,
                               std::uint64_t seed);

/// The logarithm of the density of those hyperparameters beforehand, but for a constant.
double log_prior(const Hyperparameters& hyperparameters);

}  // namespace joule::search
