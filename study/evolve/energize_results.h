// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/search/statistics/rank_tests.h"
#include "joule/study/evolve/evolve_results.h"

// What several evolutions come to, variant by variant.
namespace joule::study {

/// The net that a run is deployed with, by the images of evolution-test: of those that are left at
/// its end and whose accuracy is within kDeploymentLoss of the best the one that takes least power,
/// either of its two nets.
struct Deployed {
  const FinalNet* net = nullptr;
  int output = 0;            // 0: the whole net, 1: the short one
  double test_accuracy = 0;  // a share, on the test images
  double joules = 0;         // per image, as `power_unit` says how it is known
  double macs_executed = 0, latency = 0;
};
/// None if no valid net is left.
std::optional<Deployed> deployed(const EvolveResults& run);

/// Whether one variant's figures are lower than another's, over the seeds.
struct VariantTest {
  std::string figure, variant, against;
  double median = 0, median_against = 0;
  std::optional<search::MannWhitney> test{};  // none: too few values, or all are equal
  /// Vargas and Delaney's A: how often a value of the variant is larger than one of the other, ties
  /// half; 1/2 is no effect.
  std::optional<double> effect{};
};

/// The least energy at an accuracy, of any net that a run has tried.
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

/// `runs` must outlive it.
///
/// Errors    ArgumentError if there are none.
EnergizeResults energize_results(const std::vector<EvolveResults>& runs);

/// Linear between the sorted values; of none: none.
std::optional<double> quantile_of(std::vector<double> values, double share);

}  // namespace joule::study
