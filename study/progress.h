// SPDX-License-Identifier: MIT
#pragma once

#include "joule/study/runner.h"

namespace joule::study {

/// Where the study stands, with so many workers at it; `now` is in seconds since 1970.
///
///   left       = (r m - e) / w
///   half width = t s sqrt(r + r^2 / n) / w
///
/// r trials have not finished, those that run have run for e seconds together, w = min(workers, r);
/// the n complete ones took m seconds on average, with the sample's standard deviation s; t is the
/// 97.5 % quantile of Student's distribution with n - 1 degrees of freedom.  There is no time left
/// to be told without r or with n < 2.
///
/// Numerics  durations are taken as draws from one normal distribution.
StudyProgress progress(const Study& study, const std::vector<Trial>& trials, int workers,
                       double now);

/// How many trials there will be; none: that is for the sampler to say.
std::optional<std::int64_t> extent(const StudyDefinition& definition);

}  // namespace joule::study
