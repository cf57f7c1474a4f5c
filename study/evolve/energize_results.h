// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/search/statistics/rank_tests.h"
#include "joule/study/evolve/evolve_results.h"

// The results of several evolutions, by variant.
namespace joule::study {

/// The net with which a run is deployed, chosen on evolution-test: of the final nets whose accuracy
/// is within kDeploymentLoss of the best, the one with the least power; either of its two nets.
struct Deployed {
  const FinalNet* net = nullptr;
  int output = 0;            // 0: the whole net, 1: the short one
  double test_accuracy = 0;  // a fraction, on the test images
  double joules = 0;         // per image; `power_unit` says how it is known
  double macs_executed = 0, latency = 0;
};
/// Empty if there is no valid final net.
std::optional<Deployed> deployed(const EvolveResults& run);

/// Whether one variant's figures are lower than another's, over the seeds.
struct VariantTest {
  std::string figure, variant, against;
  double median = 0, median_against = 0;
  std::optional<search::MannWhitney> test{};  // empty: too few values, or all are equal
  /// Vargha and Delaney's A: how often a value of the variant exceeds one of the other, counting
  /// ties half; 1/2 means no effect.
  std::optional<double> effect{};
};

/// The least energy at a given accuracy, over all nets that a run tried.
struct AtAccuracy {
  double accuracy = 0;                        // at least, on evolution-test
  std::vector<std::vector<double>> joules{};  // per variant, of the runs that reach it
};

struct EnergizeResults {
  std::vector<std::string> variants;
  std::vector<std::vector<const EvolveResults*>> runs;  // per variant, by seed
  std::vector<AtAccuracy> levels;
  std::vector<VariantTest> tests;  // of each variant against the first
};

/// `runs` must outlive the result.
///
/// Errors    ArgumentError if there are no runs.
EnergizeResults energize_results(const std::vector<EvolveResults>& runs);

/// Interpolates linearly between the sorted values; empty for no values.
std::optional<double> quantile_of(std::vector<double> values, double share);

}  // namespace joule::study
