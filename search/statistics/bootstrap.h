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
  bca,         // bias-corrected and accelerated: those quantiles are moved
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
  std::optional<Interval> interval;  // none of one value
  BootstrapSettings settings;
};

/// A number made of a sample.
using Statistic = std::function<double(std::span<const double>)>;

/// The interval of a statistic, of as many samples drawn from the sample with replacement.
///
///   bca: with q the share of resamples whose statistic is less than the estimate (equal ones count
///   half), z = normal quantile, a = sum d^3 / (6 (sum d^2)^(3/2)), d[i] = mean - the statistic
///   without value i,
///     quantile alpha becomes  Phi(z(q) + (z(q) + z(alpha)) / (1 - a (z(q) + z(alpha))))
///   Quantiles between two of the sorted statistics are linear.
///
/// Cost      resamples + n statistics.
/// Errors    as mean_interval(); ArgumentError if there are fewer than 1 resample, the statistic is
/// not
///           finite, or (bca) all resamples lie on one side of the estimate.
/// Source    Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 13 and 14.
Bootstrap bootstrap_interval(std::span<const double> sample, const Statistic& statistic,
                             const BootstrapSettings& settings = {});

/// The values, by their number in the sample, that resample `resample` is made of, in the order of
/// the sample: so one with the same values has the same statistic, and not one that rounding made
/// different.
/// Numerics  Philox: a pure function of its arguments, each number likely to within 2^-53.
std::vector<std::size_t> resampled(std::size_t n, std::int64_t resample, std::uint64_t seed);

}  // namespace joule::search
