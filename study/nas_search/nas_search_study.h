// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joule/nas/search/cell_space.h"
#include "joule/nas/search/run.h"
#include "joule/study/kinds.h"
#include "joule/study/study.h"

// Searches in a table as studies.
namespace joule::study {

/// What determines a search's result, besides its sampler, seed and number of evaluations.
struct NasSearchConfig {
  std::string table;  // the file
  int vertices = 7;   // of the space
  std::vector<std::int64_t> budgets;
  std::vector<nas::Objective> objectives = nas::default_objectives();
};

std::string to_json(const NasSearchConfig& config);
/// Errors    DataError that starts with `path`.
NasSearchConfig parse_nas_search_config(std::string_view json, const std::string& path);

/// A trial is an evaluation; the goals are the objectives.  With nas::kExhaustive as the strategy,
/// the points are fixed: nas::all_points().
///
/// Errors    ArgumentError as nas::sampler_of() and check(definition).
StudyDefinition nas_search_study(const std::string& name, const NasSearchConfig& config,
                                 const nas::CellSpace& space, const std::string& strategy,
                                 std::int64_t evaluations, std::uint64_t seed,
                                 std::vector<search::Point> fixed);

/// The evaluations as finished trials for Storage::add_finished(): complete, or failed with the
/// fault.  Their value kEnergy is the cost of the training that was looked up.
std::vector<Trial> trials_of(const nas::SearchRun& run);

/// The finished trials of a search as a run.  Works for any kind of study whose values include the
/// objectives; the strategy is the study's sampler.
///
/// Errors    DataError if a complete trial lacks an objective.
nas::SearchRun run_of(const Study& study, const std::vector<Trial>& trials,
                      const std::vector<nas::Objective>& objectives, const std::string& strategy);

/// Kind "nas-search": looks up trainings.  It does not support ms-ehvi, whose exact objectives are
/// in the table, not in the study.
Kind nas_search_kind();

}  // namespace joule::study
