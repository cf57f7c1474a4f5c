// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "joule/nas/search/cell_space.h"
#include "joule/nas/search/run.h"
#include "joule/study/kinds.h"
#include "joule/study/nas_build/build_config.h"
#include "joule/study/study.h"

// Searches among cells that train each net that they need.
namespace joule::study {

/// The value that such a search minimises: J of the training steps, measured if they are, else
/// modelled.
inline constexpr const char* kJoulesOfTraining = "joules of training";

/// The space of its cells and budgets.
nas::CellSpace space_of(const BuildConfig& config);

/// A trial trains the cell of its point as in a study of the kind "nas-build", with
/// config.training's seed.  The goals: accuracy on the held-back images, and kJoulesOfTraining.
///
/// Errors    ArgumentError as check(config), nas::sampler_of() and check(definition); for ms-ehvi
///           and nas::kExhaustive, which are for tables.
StudyDefinition nas_train_study(const std::string& name, const BuildConfig& config,
                                const std::string& strategy, std::int64_t evaluations,
                                std::uint64_t seed);

/// The finished trials in the form of a table's search: accuracies in [0, 1], energy in place of
/// kJoulesOfTraining.  The cost of a trial is its total, evaluations included.
///
/// Errors    as run_of().
nas::SearchRun train_run_of(const Study& study, const std::vector<Trial>& trials,
                            const std::string& strategy);

/// Kind "nas-train".  A point that is no cell of the space fails before anything is trained.
Kind nas_train_kind();

}  // namespace joule::study
