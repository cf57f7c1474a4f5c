// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "joule/evolution/grammar.h"
#include "joule/study/evolve/candidate.h"
#include "joule/study/evolve/evolve_config.h"
#include "joule/study/objective.h"

namespace joule::study {

/// What all candidates of a worker share.
struct EvolveWorker {
  EvolveConfig config;
  evolution::Grammar grammar;
  EvolveData data;
  /// The meters for power; null: power is modelled.
  std::shared_ptr<training::Metering> metering;

  /// Loads the data, drawn by the study's seed, and opens the meters.
  ///
  /// Errors    as evolve_data(), energy::open_run_meters() and check_power_units().
  EvolveWorker(EvolveConfig config, std::uint64_t seed);
};

/// Decodes the genes, measures new modules, trains, measures the nets and computes the fitness.
/// Keeps the weights beside the trial's folder (weights/000012.safetensors) for nets that train
/// longer, and removes those that no trial can need any more.  Reports training and validation loss
/// and seconds per epoch.
///
/// An invalid net, and one whose training fails (a loss that is not finite, a dead net, no memory),
/// gives a complete trial with the fitness of an invalid net and the reason.
///
/// Errors    Interrupted; DataError for missing weights.
std::vector<Value> run_evolve_trial(const EvolveWorker& worker, const Trial& trial,
                                    TrialContext& context);

/// The path of the weights of `trial`'s net, given the folder of any trial.
std::string weights_path(const std::string& trial_folder, std::int64_t trial);

}  // namespace joule::study
