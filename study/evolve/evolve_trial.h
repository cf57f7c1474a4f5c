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
  /// The meters by which power is measured; null: it is modelled.
  std::shared_ptr<training::Metering> metering;

  /// Loads the data, drawn by the study's seed, and opens the meters.
  ///
  /// Errors    as evolve_data(), energy::open_run_meters() and check_power_units().
  EvolveWorker(EvolveConfig config, std::uint64_t seed);
};

/// Decodes, measures new modules, trains, measures the nets and judges them; keeps the weights
/// beside the trial's folder (weights/000012.safetensors), for those that train longer, and removes
/// those that no trial can need any more.  Reports training and validation loss and seconds per
/// epoch.
///
/// An invalid net, and one whose training fails (a loss that is not finite, a dead net, no memory),
/// is a complete trial with the fitness of an invalid one and the reason.
///
/// Errors    Interrupted; DataError for weights that are not there.
std::vector<Value> run_evolve_trial(const EvolveWorker& worker, const Trial& trial,
                                    TrialContext& context);

/// Where the weights of that trial's net are, for a trial whose folder this is.
std::string weights_path(const std::string& trial_folder, std::int64_t trial);

}  // namespace joule::study
