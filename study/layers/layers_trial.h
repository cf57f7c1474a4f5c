// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/data/dataset.h"
#include "joule/study/layers/layers_config.h"
#include "joule/study/objective.h"

// One trial of the study of layers; private to this folder.
namespace joule::study {

/// Returns the values of TrainingTrial and of layers_study.h.  `data` is trial_data().
///
/// Errors    Interrupted; what training throws (a loss that is not finite).
std::vector<Value> run_layers_trial(const LayersConfig& config, const DataSplit& data,
                                    const Trial& trial, TrialContext& context);

}  // namespace joule::study
