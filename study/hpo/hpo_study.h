// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "joule/study/hpo/hpo_config.h"
#include "joule/study/kinds.h"
#include "joule/study/study.h"

namespace joule::study {

// The names of a round's values besides those of study/training_trial.h; all are means over its
// trainings.
namespace hpo {
/// J of one training: measured if it was, else modelled; objectives and limits use it.
inline constexpr const char* kTrainingEnergy = "training energy";
inline constexpr const char* kEpochs = "epochs trained";  // of all trainings of the round, counted
}  // namespace hpo

/// The search of one strategy: a trial is a round, which is a point of the space with
/// config.repeats trainings in sequence.
///
///   grid      the points of the grid; if there are more than rounds, a random subset of them,
///             drawn by the seed without replacement.  For the paper's spaces it is the paper's
///             grid, 5 values low + i (high - low) / 5 of each
///   others    the sampler of that name, asked for config.rounds points
///
/// The goals, by config.objective: accuracy (on the held-back images, or if there are none on the
/// test images); training energy; accuracy with training energy as a limit; both.
///
/// Repetition r has the study's seed training.seed + r - 1.
///
/// Errors    ArgumentError as check(), check_hpo_space() and check(definition); for a pruner with a
///           space of epochs; for an ignored dimension that does not exist.
StudyDefinition hpo_study(const std::string& name, const HpoConfig& config,
                          const search::Space& space, const std::string& strategy);

/// The values low + i (high - low) / 5, i < 5, of the paper's ranges.
search::Space paper_grid(const search::Space& space);

/// `count` distinct points of the space's grid in the order in which they are drawn; all in the
/// grid's order if there are no more.
///
/// Errors    as Space::grid_size().
std::vector<search::Point> drawn_from_grid(const search::Space& space, std::int64_t count,
                                           std::uint64_t seed);

/// The configuration of training `repeat` (from 1) of a round; its seed is the same in all rounds.
training::Config training_at(const HpoConfig& config, const search::Point& point,
                             std::int64_t repeat);

/// Kind "hpo": trains the nets of a round, each in its own folder below the trial's, and reports
/// after each epoch.  Reports are numbered by the epochs trained in the round, over all its
/// trainings; accuracy is the mean over the trainings begun so far, at their present state.
Kind hpo_kind();

}  // namespace joule::study
