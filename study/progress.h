// SPDX-License-Identifier: MIT
#pragma once

#include "joule/study/runner.h"

namespace joule::study {

/// The progress of the study with `workers` workers; `now` is in seconds since 1970.
///
///   left       = (r m - e) / w
///   half width = t s sqrt(r + r^2 / n) / w
///
/// r trials are not finished, the running ones have run for e seconds in total, w = min(workers,
/// r); the n complete ones took m seconds on average, with sample standard deviation s; t is the
/// 97.5 % quantile of Student's distribution with n - 1 degrees of freedom.  There is no estimate
/// if r = 0 or n < 2.
///
/// Numerics  durations are treated as draws from one normal distribution.
StudyProgress progress(const Study& study, const std::vector<Trial>& trials, int workers,
                       double now);

/// The total number of trials; empty: the sampler decides.
std::optional<std::int64_t> extent(const StudyDefinition& definition);

}  // namespace joule::study
