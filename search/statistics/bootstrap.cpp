// SPDX-License-Identifier: MIT
#include "joule/search/statistics/bootstrap.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/draw.h"
#include "joule/search/statistics/sample.h"

namespace joule::search {
namespace {

double finite(double statistic) {
  require(std::isfinite(statistic), "bootstrap: the statistic of a resample is ", statistic);
  return statistic;
}

/// Between two of the sorted values it is linear.
double quantile_of(std::span<const double> sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// a of the docstring; 0 if no value changes the statistic.
double acceleration(std::span<const double> sample, const Statistic& statistic) {
  std::vector<double> others, without;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    others.assign(sample.begin(), sample.end());
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    without.push_back(finite(statistic(others)));
  }
  const double mean = mean_of(without);
  double squares = 0, cubes = 0;
  for (const double value : without) {
    const double d = mean - value;
    squares += d * d;
    cubes += d * d * d;
  }
  return squares == 0 ? 0 : cubes / (6 * std::pow(squares, 1.5));
}

struct Shares {
  double low, high;
};

Shares bca_shares(std::span<const double> sorted, double estimate, double a, Shares shares) {
  const auto below = std::ranges::lower_bound(sorted, estimate) - sorted.begin();
  const auto up_to = std::ranges::upper_bound(sorted, estimate) - sorted.begin();
  const double q = static_cast<double>(below + up_to) / 2 / static_cast<double>(sorted.size());
  require(q > 0 && q < 1, "bootstrap: all resamples lie on one side of the estimate ", estimate,
          ": the statistic is biased too much for bca");
  const boost::math::normal normal;
  const double z = quantile(normal, q);
  const auto moved = [&](double alpha) {
    const double sum = z + quantile(normal, alpha);
    return cdf(normal, z + sum / (1 - a * sum));
  };
  return {moved(shares.low), moved(shares.high)};
}

}  // namespace

std::vector<std::size_t> resampled(std::size_t n, std::int64_t resample, std::uint64_t seed) {
  std::vector<std::size_t> numbers(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto words = philox(seed, static_cast<std::uint64_t>(resample),
                              stream(Drawer::bootstrap, 0, static_cast<std::uint32_t>(i / 2)));
    const double u = i % 2 ? unit(words[2], words[3]) : unit(words[0], words[1]);
    numbers[i] = std::min(static_cast<std::size_t>(u * static_cast<double>(n)), n - 1);
  }
  std::ranges::sort(numbers);
  return numbers;
}

Bootstrap bootstrap_interval(std::span<const double> sample, const Statistic& statistic,
                             const BootstrapSettings& settings) {
  check_sample("bootstrap", sample);
  check_level("bootstrap", settings.level);
  require(settings.resamples >= 1, "bootstrap: expected at least 1 resample, got ",
          settings.resamples);
  Bootstrap result{.n = sample.size(), .estimate = finite(statistic(sample)), .settings = settings};
  if (sample.size() == 1) return result;
  std::vector<double> values(sample.size()), statistics;
  for (std::int64_t r = 0; r < settings.resamples; ++r) {
    std::ranges::transform(resampled(sample.size(), r, settings.seed), values.begin(),
                           [&](std::size_t number) { return sample[number]; });
    statistics.push_back(finite(statistic(values)));
  }
  std::ranges::sort(statistics);
  Shares shares{(1 - settings.level) / 2, (1 + settings.level) / 2};
  if (settings.method == BootstrapMethod::bca) {
    shares = bca_shares(statistics, result.estimate, acceleration(sample, statistic), shares);
  }
  result.interval = {quantile_of(statistics, shares.low), quantile_of(statistics, shares.high)};
  return result;
}

}  // namespace joule::search
