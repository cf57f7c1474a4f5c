// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "joule/report/compare/comparison.h"

// How runs are grouped, and how they differ.
namespace joule::report {

/// Groups with their names, runs, counted runs and epochs; without figures.  A group of one run has
/// the run's name; a larger one is named by what differs between groups ("lr 0.1"), if that is
/// short.
std::vector<Group> groups_of(const std::vector<ComparedRun>& runs);

/// The fields of configurations that differ between groups, and the seeds.
std::vector<Contrast> field_contrasts(const std::vector<ComparedRun>& runs,
                                      std::span<const Group> groups);
/// The fields that are the same in all runs.
Pairs common_fields(const std::vector<ComparedRun>& runs);

/// Differences of machine and program between groups, and what is not recorded for some.
std::vector<Contrast> environment_contrasts(const std::vector<ComparedRun>& runs,
                                            std::span<const Group> groups);

/// "a, b, c".
std::string joined(std::span<const std::string> texts);

}  // namespace joule::report
