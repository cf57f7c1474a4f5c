// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/data/dataset.h"
#include "joule/study/eat/eat_config.h"
#include "joule/study/objective.h"

// One trial of the study of energy-aware training; private to this folder.
namespace joule::study {

/// Returns the values of TrainingTrial and of eat_study.h.  `data` is trial_data().
///
/// Errors    Interrupted; what training throws (a net that died, a loss that is not finite).
std::vector<Value> run_eat_trial(const EatConfig& config, const DataSplit& data, const Trial& trial,
                                 TrialContext& context);

}  // namespace joule::study
