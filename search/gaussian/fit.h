// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "joule/search/gaussian/process.h"

namespace joule::search {

/// A process with the most probable hyperparameters, with the more probable of the two kernels.
/// The outputs should have mean 0 and variance 1, the inputs lie in the unit cube of d dimensions
/// (one per length scale).  The priors are
///   log length scale  normal, sqrt(2) + log(d) / 2, deviation sqrt(3); within [0.01, 1000]
///   log signal        normal, 0, deviation 2; within [1e-2, 1e4]
///   log noise         normal, log(1e-4), deviation 3; within [1e-8, 1]
///   mean              normal, 0, deviation 1
/// so that a few outputs do not decide more than they show.
///
/// Cost      for n <= 160 outputs at most 4 starts x 2 kernels x 40 likelihoods with gradients; for
///           more outputs, these are computed on 128 of them, then 5 on all.  500 outputs of 6
///           dimensions take half a second (benchmarks/search_asker.cpp).
/// Errors    as GaussianProcess(); ArgumentError if there are no outputs.
/// Source    the length scales: Hvarfner, Hellsten and Nardi 2024, arXiv:2402.02229.
GaussianProcess fitted_process(const Inputs& inputs, const std::vector<double>& outputs,
                               std::uint64_t seed);

/// The logarithm of the prior density of the hyperparameters, up to a constant.
double log_prior(const Hyperparameters& hyperparameters);

}  // namespace joule::search
