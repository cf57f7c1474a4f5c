// SPDX-License-Identifier: MIT
#include "joule/search/gaussian/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/draw.h"
#include "joule/search/gaussian/maximise.h"

namespace joule::search {
namespace {

constexpr std::size_t kMostAtOnce = 160;  // outputs of which all starts are tried
constexpr std::size_t kSubset = 128;      // of more outputs
constexpr int kEvaluations = 40;          // of the likelihood, from each start
constexpr int kLastEvaluations = 5;       // with all of many outputs
constexpr std::uint32_t kStarts = 4;

/// Of the logarithm of a hyperparameter.
struct Prior {
  double mean, deviation, low, high;
};

Prior length_prior(std::size_t dimensions) {
  return {std::numbers::sqrt2 + std::log(static_cast<double>(dimensions)) / 2, std::numbers::sqrt3,
          std::log(0.01), std::log(1000.0)};
}
Prior signal_prior() { return {0, 2, std::log(1e-2), std::log(1e4)}; }
Prior noise_prior() { return {std::log(1e-4), 3, std::log(1e-8), 0}; }

/// Of the logarithms of length scales, signal, noise.
std::vector<Prior> priors_of(std::size_t scales) {
  std::vector<Prior> priors(scales, length_prior(scales));
  priors.push_back(signal_prior());
  priors.push_back(noise_prior());
  return priors;
}

Hyperparameters hyperparameters_of(KernelKind kernel, std::span<const double> logs) {
  Hyperparameters h{.kernel = kernel};
  for (const double log : logs.first(logs.size() - 2)) h.length_scales.push_back(std::exp(log));
  h.signal = std::exp(logs[logs.size() - 2]);
  h.noise = std::exp(logs.back());
  return h;
}

std::vector<double> logs_of(const Hyperparameters& h) {
  std::vector<double> logs;
  for (const double length : h.length_scales) logs.push_back(std::log(length));
  logs.push_back(std::log(h.signal));
  logs.push_back(std::log(h.noise));
  return logs;
}

struct Fit {
  KernelKind kernel;
  Maximum maximum;  // of the logarithms
};

Fit climb(KernelKind kernel, const Inputs& inputs, const std::vector<double>& outputs,
          const std::vector<Prior>& priors, std::vector<double> start, int evaluations) {
  std::vector<double> low, high;
  for (const Prior& prior : priors) {
    low.push_back(prior.low);
    high.push_back(prior.high);
  }
  const auto density = [&](std::span<const double> logs, std::span<double> gradient) {
    GaussianProcess process(inputs, outputs, hyperparameters_of(kernel, logs));
    process.set_mean(process.most_likely_mean());
    // The mean is the best one, so that its own change adds nothing to the gradient.
    const std::vector<double> slopes = process.log_likelihood_gradient();
    for (std::size_t i = 0; i < priors.size(); ++i) {
      gradient[i] =
          slopes[i] - (logs[i] - priors[i].mean) / priors[i].deviation / priors[i].deviation;
    }
    return process.log_likelihood() + log_prior(process.hyperparameters());
  };
  return {kernel, maximise(density, std::move(start), low, high, evaluations)};
}

/// Two short length scales and a long one, and, from the second on, little noise.
std::vector<double> start_of(std::uint32_t number, const std::vector<Prior>& priors,
                             std::uint64_t seed) {
  constexpr double kLengths[] = {0.5, 0.15};
  const std::size_t scales = priors.size() - 2;
  std::vector<double> start;
  for (std::size_t i = 0; i < priors.size(); ++i) {
    const auto words = philox(seed, number, stream(Drawer::gp, i, 1));
    const double u = unit(words[0], words[1]);
    if (number >= std::size(kLengths)) {
      start.push_back(priors[i].mean + priors[i].deviation * (2 * u - 1));
    } else if (i < scales) {
      start.push_back(std::log(kLengths[number] * std::sqrt(static_cast<double>(scales))));
    } else {
      start.push_back(i == scales ? 0 : std::log(number == 0 ? 1e-2 : 1e-5));
    }
  }
  return start;
}

Fit best_fit(const Inputs& inputs, const std::vector<double>& outputs,
             const std::vector<Prior>& priors, std::uint64_t seed) {
  Fit best{KernelKind::rbf, {{}, -std::numeric_limits<double>::infinity()}};
  for (const KernelKind kernel : {KernelKind::matern52, KernelKind::rbf}) {
    for (std::uint32_t number = 0; number < kStarts; ++number) {
      Fit fit =
          climb(kernel, inputs, outputs, priors, start_of(number, priors, seed), kEvaluations);
      if (fit.maximum.value > best.maximum.value) best = std::move(fit);
    }
  }
  return best;
}

/// Every k-th.
Inputs part_of(const Inputs& inputs, const std::vector<double>& outputs,
               std::vector<double>& part) {
  Inputs out{.scale_of = inputs.scale_of};
  for (std::size_t i = 0; i < kSubset; ++i) {
    const std::size_t at = i * outputs.size() / kSubset;
    const std::span<const double> row = inputs.row(at);
    out.values.insert(out.values.end(), row.begin(), row.end());
    part.push_back(outputs[at]);
  }
  return out;
}

}  // namespace

double log_prior(const Hyperparameters& h) {
  const std::vector<double> logs = logs_of(h);
  const std::vector<Prior> priors = priors_of(h.length_scales.size());
  double sum = -h.mean * h.mean / 2;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double z = (logs[i] - priors[i].mean) / priors[i].deviation;
    sum -= z * z / 2;
  }
  return sum;
}

GaussianProcess fitted_process(const Inputs& inputs, const std::vector<double>& outputs,
                               std::uint64_t seed) {
  require(!outputs.empty(), "gaussian process: there is nothing to fit it to");
  const std::size_t scales = inputs.scale_of.empty() ? 0 : std::ranges::max(inputs.scale_of) + 1;
  const std::vector<Prior> priors = priors_of(scales);
  Fit fit;
  if (outputs.size() <= kMostAtOnce) {
    fit = best_fit(inputs, outputs, priors, seed);
  } else {
    std::vector<double> part;
    const Inputs rows = part_of(inputs, outputs, part);
    fit = best_fit(rows, part, priors, seed);
    fit = climb(fit.kernel, inputs, outputs, priors, std::move(fit.maximum.x), kLastEvaluations);
  }
  GaussianProcess process(inputs, outputs, hyperparameters_of(fit.kernel, fit.maximum.x));
  process.set_mean(process.most_likely_mean());
  return process;
}

}  // namespace joule::search
