// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "joule/data/dataset.h"
#include "joule/study/nas_build/build_config.h"
#include "joule/study/objective.h"

// One trial of a study that builds a table; private to this folder.
namespace joule::study {

/// Returns the values of TrainingTrial and of build_study.h.  `data` is trial_data().  The accuracy
/// on training images after half of the epochs is in that epoch's report, because a run that is
/// continued elsewhere no longer has that net.
///
/// Errors    Interrupted; what training throws (a loss that is not finite).
std::vector<Value> run_build_trial(const BuildConfig& config, const nas::NamedCell& cell,
                                   const DataSplit& data, const Trial& trial,
                                   TrialContext& context);

}  // namespace joule::study
