// SPDX-License-Identifier: MIT
#include "joule/study/evolve/energize_results.h"

#include <algorithm>
#include <cmath>

#include "joule/core/error.h"

namespace joule::study {
namespace {

constexpr double kLevels[] = {0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9};
constexpr const char* kOutputs[] = {"_0", "_1"};

double metric(const std::vector<Value>& values, const char* name, int output) {
  return *metric_of(values, str(name, kOutputs[output])).number;
}

/// The least energy of the run's nets, whole or short, of at least that accuracy.
std::optional<double> least_joules(const EvolveResults& run, double accuracy) {
  std::optional<double> least;
  for (const EvolvedNet& net : run.nets) {
    if (!net.valid) continue;
    const std::vector<Value>& values = run.trials.at(static_cast<std::size_t>(net.trial)).values;
    for (const int output : {0, 1}) {
      const auto joules = metric_or_none(values, str("joules", kOutputs[output]));
      if (!joules || metric(values, "accuracy", output) < accuracy) continue;
      least = std::min(least.value_or(*joules), *joules);
    }
  }
  return least;
}

VariantTest test_of(const std::string& figure, const std::string& variant,
                    const std::vector<double>& values, const std::string& against,
                    const std::vector<double>& others) {
  VariantTest out{.figure = figure, .variant = variant, .against = against};
  out.median = quantile_of(values, 0.5).value_or(0);
  out.median_against = quantile_of(others, 0.5).value_or(0);
  if (values.empty() || others.empty()) return out;
  std::vector<double> all = values;
  all.insert(all.end(), others.begin(), others.end());
  const auto [low, high] = std::ranges::minmax_element(all);
  if (*low == *high) return out;
  out.test = search::mann_whitney(values, others);
  out.effect = out.test->u / static_cast<double>(values.size() * others.size());
  return out;
}

void add_tests(EnergizeResults& results) {
  const auto figures = [&](std::size_t variant, double Deployed::*figure) {
    std::vector<double> values;
    for (const EvolveResults* run : results.runs[variant]) {
      if (const auto net = deployed(*run)) values.push_back((*net).*figure);
    }
    return values;
  };
  const std::pair<const char*, double Deployed::*> kFigures[] = {
      {"test accuracy of the deployed net", &Deployed::test_accuracy},
      {"joules per image of the deployed net", &Deployed::joules},
      {"MACs executed per image of the deployed net", &Deployed::macs_executed}};
  for (std::size_t i = 1; i < results.variants.size(); ++i) {
    for (const auto& [name, figure] : kFigures) {
      results.tests.push_back(test_of(name, results.variants[i], figures(i, figure),
                                      results.variants[0], figures(0, figure)));
    }
    for (const AtAccuracy& level : results.levels) {
      if (level.joules[i].empty() || level.joules[0].empty()) continue;
      results.tests.push_back(test_of(str("least joules per image at accuracy ", level.accuracy),
                                      results.variants[i], level.joules[i], results.variants[0],
                                      level.joules[0]));
    }
  }
}

}  // namespace

std::optional<double> quantile_of(std::vector<double> values, double share) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], at - std::floor(at));
}

std::optional<Deployed> deployed(const EvolveResults& run) {
  double best = 0;
  for (const FinalNet& net : run.finals) {
    for (const int output : {0, 1}) best = std::max(best, metric(net.values, "accuracy", output));
  }
  std::optional<Deployed> out;
  double least = 0;
  for (const FinalNet& net : run.finals) {
    for (const int output : {0, 1}) {
      const double power = metric(net.values, "power", output);
      const bool close = metric(net.values, "accuracy", output) >= best - kDeploymentLoss;
      if (!close || (out && power >= least)) continue;
      least = power;
      out = Deployed{.net = &net,
                     .output = output,
                     .test_accuracy = output == 0 ? net.test_accuracy_0 : net.test_accuracy_1,
                     .joules = metric(net.values, "joules", output),
                     .macs_executed = metric(net.values, "macs_executed", output),
                     .latency = metric(net.values, "latency", output)};
    }
  }
  return out;
}

EnergizeResults energize_results(const std::vector<EvolveResults>& runs) {
  require(!runs.empty(), "energize: there is no run");
  EnergizeResults results;
  for (const EvolveResults& run : runs) {
    auto found = std::ranges::find(results.variants, run.variant);
    if (found == results.variants.end()) {
      results.variants.push_back(run.variant);
      results.runs.emplace_back();
      found = results.variants.end() - 1;
    }
    results.runs[static_cast<std::size_t>(found - results.variants.begin())].push_back(&run);
  }
  for (const double level : kLevels) {
    AtAccuracy at{.accuracy = level};
    bool any = false;
    for (const auto& variant : results.runs) {
      at.joules.emplace_back();
      for (const EvolveResults* run : variant) {
        if (const auto joules = least_joules(*run, level)) at.joules.back().push_back(*joules);
      }
      any = any || !at.joules.back().empty();
    }
    if (any) results.levels.push_back(std::move(at));
  }
  add_tests(results);
  return results;
}

}  // namespace joule::study
