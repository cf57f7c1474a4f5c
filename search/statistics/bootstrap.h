// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "joule/search/interval.h"
#include "joule/search/statistics/mean.h"

namespace joule::search {

enum class BootstrapMethod {
  percentile,  // the quantiles (1 - level) / 2 and (1 + level) / 2 of the resamples' statistics
  bca,         // bias-corrected and accelerated: adjusts those quantiles
};

struct BootstrapSettings {
  BootstrapMethod method = BootstrapMethod::bca;
  double level = kLevel;
  std::int64_t resamples = 9999;
  std::uint64_t seed = 0;
};

struct Bootstrap {
  std::size_t n = 0;
  double estimate = 0;               // the statistic of the sample
  std::optional<Interval> interval;  // empty for one value
  BootstrapSettings settings;
};

/// A number computed from a sample.
using Statistic = std::function<double(std::span<const double>)>;

/// The confidence interval of a statistic, from samples drawn from the sample with replacement.
///
///   bca: with q the share of resamples whose statistic is less than the estimate (equal ones count
///   half), z = normal quantile, a = sum d^3 / (6 (sum d^2)^(3/2)), d[i] = mean - the statistic
///   without value i,
///     quantile alpha becomes  Phi(z(q) + (z(q) + z(alpha)) / (1 - a (z(q) + z(alpha))))
///   Between two sorted statistics, quantiles are interpolated linearly.
///
/// Cost      resamples + n statistics.
/// Errors    as mean_interval(); ArgumentError if there is no resample, the statistic is not
///           finite, or (bca) all resamples lie on one side of the estimate.
/// Source    Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 13 and 14.
Bootstrap bootstrap_interval(std::span<const double> sample, const Statistic& statistic,
                             const BootstrapSettings& settings = {});

/// The indices of the values that make up resample `resample`, in the order of the sample.  So
/// resamples with the same values have exactly the same statistic, with no difference by
/// rounding.
/// Numerics  Philox: a pure function of its arguments; indices equally likely to within 2^-53.
std::vector<std::size_t> resampled(std::size_t n, std::int64_t resample, std::uint64_t seed);

}  // namespace joule::search
