// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/study/hpo/hpo_config.h"
#include "joule/study/objective.h"

// One round of a search; private to this folder.
namespace joule::study {

/// Returns the values of hpo_study.h, and those of TrainingTrial as means over the round's
/// trainings, with Student's interval from two on; kEnergy is the total of the round.
///
/// Errors    Interrupted; Pruned, with what was spent; what training throws (a dead net, a
///           loss that is not finite).
std::vector<Value> run_hpo_trial(const HpoConfig& config, const Trial& trial,
                                 TrialContext& context);

}  // namespace joule::study
