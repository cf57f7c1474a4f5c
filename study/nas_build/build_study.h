// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/study/kinds.h"
#include "joule/study/nas_build/build_config.h"
#include "joule/study/study.h"

namespace joule::study {

// The names of a trial's values besides those of TrainingTrial.
namespace nas_build {
/// %, counted: the trained net on the first training images, as many as are held back.
inline constexpr const char* kTrainAccuracy = "training accuracy";
/// J, gross, of the training steps only: measured, and modelled (horowitz45).
inline constexpr const char* kTrainingEnergy = "training energy";
inline constexpr const char* kEvaluationEnergy =
    "evaluation energy";                             // of each epoch's evaluations
inline constexpr const char* kRunTime = "run time";  // s, of all of the trial
inline constexpr const char* kParameters = "parameters";
inline constexpr const char* kMacs = "MACs";  // of inference, per image
/// Suffixes: at the checkpoint before the first step; after half of the epochs.
inline constexpr const char* kAtStart = " at start";
inline constexpr const char* kAtHalf = " at half";
}  // namespace nas_build

/// The study: seed after seed, budget after budget, each cell.  A point is
///
///   cell     1 to the number of cells: in the order of nas::enumerate(config.space)
///   epochs   the budget
///   seed     1 to config.seeds; of the training it is config.training.seed + seed - 1
///
/// The goals: accuracy on the held-back images; MACs of inference.
///
/// Errors    ArgumentError as check().
StudyDefinition build_study(const std::string& name, const BuildConfig& config);

/// The cell of a point, out of nas::enumerate(config.space).
///
/// Errors    ArgumentError if there is no cell of that number.
const nas::NamedCell& cell_at(const std::vector<nas::NamedCell>& cells, const search::Point& point);
/// The configuration of the training run at that point, for these images.
training::Config training_at(const BuildConfig& config, const nas::NamedCell& cell,
                             const search::Point& point, const Dataset& images);
/// After how many epochs the middle checkpoint is; 0 if there is none, with one epoch.
std::int64_t half_of(std::int64_t epochs);

/// Kind "nas-build": trains and returns the values above.
Kind nas_build_kind();

}  // namespace joule::study
