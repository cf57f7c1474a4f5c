// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/data/dataset.h"
#include "joule/study/nas_build/build_config.h"
#include "joule/study/objective.h"

// One trial of a study that builds a table; private to this folder.
namespace joule::study {

/// The values of TrainingTrial, and those of build_study.h.  The accuracy on training images after
/// half of the epochs is in that epoch's report: a run that goes on elsewhere has the net of then
/// no more.  `data` are trial_data().
///
/// Errors    Interrupted; what training throws (a loss that is not finite).
std::vector<Value> run_build_trial(const BuildConfig& config, const nas::NamedCell& cell,
                                   const DataSplit& data, const Trial& trial,
                                   TrialContext& context);

}  // namespace joule::study
