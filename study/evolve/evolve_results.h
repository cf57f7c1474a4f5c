// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "joule/layers/graph/graph.h"
#include "joule/study/evolve/evolve_config.h"
#include "joule/study/evolve/generations.h"
#include "joule/study/study.h"

// The results of an evolution, by generation and at its end.
namespace joule::study {

/// A generation in the statistics.  Figures of nets are those of the fittest survivor.
struct EvolveStep {
  std::int64_t generation = 0;
  double seconds = 0;       // elapsed from the beginning to its end, over all generations
  std::int64_t epochs = 0;  // to its end
  std::int64_t trained = 0, invalid = 0;
  std::optional<double> fitness{},
      mean_fitness{};                        // the survivor's; of the generation's valid nets
  std::map<std::string, double> survivor{};  // metrics by name: "accuracy_1"
  std::int64_t archive = 0;
  double archive_cheapest = 0, archive_median = 0;
};

/// The fates of the mutants of one kind.
struct MutationCount {
  std::int64_t made = 0, valid = 0, survived = 0;  // survived: became a parent
};

/// A net that survives at the end.
struct FinalNet {
  std::int64_t trial = 0;
  std::string phenotype;
  nn::Graph graph;
  std::vector<Value> values;                        // of its trial
  double test_accuracy_0 = 0, test_accuracy_1 = 0;  // fractions, on the test images
  /// Which of its two nets would be deployed, 0 or 1: see kDeploymentLoss.
  int deployed = 0;
};

/// The short net is deployed if it uses less power than the whole one and its accuracy on
/// evolution-test is at most this fraction lower.
inline constexpr double kDeploymentLoss = 0.01;

struct EvolveResults {
  std::string variant{};  // in a study of several; empty: there is only one
  std::uint64_t seed = 0;
  EvolveConfig config;
  Study study;
  std::vector<EvolveStep> steps;
  std::map<std::string, MutationCount> mutations;  // by the last of each individual's new mutations
  std::vector<FinalNet> finals;                    // the survivors
  std::vector<EvolvedNet> nets;                    // all trained ones, by trial
  std::vector<Trial> trials;
  std::string power_unit;  // W by a meter, or modelled J per image
  Quality power_quality = Quality::unavailable;
  double overhead = 0;  // s, median over the candidates
};

/// Replays the trials, loads the survivors' weights from `folder`, and tests them on the test
/// images.
///
/// Errors    DataError for missing weights; as evolve_data().
EvolveResults evolve_results(const Study& study, const std::vector<Trial>& trials,
                             const std::string& folder);

/// The metric of a trial; empty if it has none.
std::optional<double> metric_or_none(const std::vector<Value>& values, std::string_view metric);

/// One row per generation.
std::string generations_csv(const EvolveResults& results);

}  // namespace joule::study
