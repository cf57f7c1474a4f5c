// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "joule/report/compare/quantities.h"
#include "joule/report/compare/runs.h"
#include "joule/search/statistics/mean.h"

// What several training runs share, and how they differ.
namespace joule::report {

/// One quantity of a group.
struct GroupFigure {
  std::vector<std::size_t> runs;       // the runs with these values
  std::vector<double> values;          // one each
  std::optional<search::Mean> mean{};  // with Student's interval; empty: not every run has a value
  std::string reason{};                // why there is no mean
  /// What a reader must know to compare it: machines, meters.  Empty: nothing.
  std::string caveat{};
};

/// Runs whose configurations differ only in their seeds.
struct Group {
  std::string name;
  std::vector<std::size_t> runs;
  /// The runs that its figures use: the finished ones; all if none is.
  std::vector<std::size_t> counted{};
  /// The number of epochs: the last, or if no run is finished, the last that all have.
  std::int64_t epochs = 0;
  bool finished = false;
  std::vector<GroupFigure> figures{};  // of each quantity
};

/// The mean of a group minus that of the first group.
struct GroupDifference {
  std::optional<search::Difference> difference{};  // with Welch's interval
  std::string reason{};                            // why there is none
  std::string caveat{};                            // as GroupFigure's, of both groups
};

/// Accuracy over energy of one quality, for the groups that have both.
struct AccuracyEnergy {
  std::size_t accuracy = 0, energy = 0;  // quantities
  std::vector<std::size_t> groups;
  std::vector<std::string> left_out{};  // the names of the others, and why
  /// Groups such that no other is at least as accurate for no more energy, by energy.
  /// Uses only validation images: empty if a group held back none.
  std::optional<std::vector<std::size_t>> front{};
  /// Pairs on the front that their intervals do not separate (a single run has no interval).
  std::vector<std::pair<std::size_t, std::size_t>> unseparated{};
  /// Groups that are not on the front by their means, but may be by their intervals: no group on it
  /// is at least as good with its whole intervals.
  std::vector<std::size_t> perhaps{};
  std::string caveat{};
};

/// A row of a table: its subject, and its value for each group.
struct Contrast {
  std::string what;
  std::vector<std::string> values;
};

struct Comparison {
  std::vector<ComparedRun> runs;
  std::vector<Group> groups;  // in the order of their first runs
  /// For each group but the first (which has none), each quantity.
  std::vector<std::vector<GroupDifference>> differences;
  std::vector<AccuracyEnergy> fronts;
  std::vector<Contrast> fields;       // of the configurations, those that differ, and the seeds
  std::vector<Contrast> environment;  // differences of machine and program, except dates
  Pairs common;                       // fields that all have
  std::vector<std::string> warnings;  // what a reader must not miss

  std::size_t group_of(std::size_t run) const;
};

/// Numerics  A figure that does not depend on the machine uses one run per seed, the first, because
///           a second one with the same configuration is not an independent sample.
Comparison compare(std::vector<ComparedRun> runs);

/// The quantities for which any group has a mean.
std::vector<std::size_t> known_quantities(const Comparison& comparison);

/// "92.10 % [91.80, 92.40], n = 3", "92.10 %, n = 1", "unavailable"; a caveat is a star.
std::string text_of(const Quantity& quantity, const GroupFigure& figure);
/// "+0.30 points [-0.10, +0.70], n = 3 and 3", "+0.30 points, no interval: n = 1 and
/// 3".
std::string text_of(const Quantity& quantity, const GroupDifference& difference);

}  // namespace joule::report
