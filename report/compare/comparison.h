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

// What several training runs have in common, and what differs.
namespace joule::report {

/// One quantity of a group.
struct GroupFigure {
  std::vector<std::size_t> runs;       // whose values these are
  std::vector<double> values;          // one each
  std::optional<search::Mean> mean{};  // with Student's interval; none: not every run has a value
  std::string reason{};                // why there is no mean
  /// What a reader must know to compare it: machines, meters.  Empty: nothing.
  std::string caveat{};
};

/// Runs whose configurations differ in their seeds alone.
struct Group {
  std::string name;
  std::vector<std::size_t> runs;
  /// Those that its figures are of: the finished ones; all if none is.
  std::vector<std::size_t> counted{};
  /// After how many epochs: the last, or if none is finished the last that all have.
  std::int64_t epochs = 0;
  bool finished = false;
  std::vector<GroupFigure> figures{};  // of each quantity
};

/// The mean of a group less that of the first group.
struct GroupDifference {
  std::optional<search::Difference> difference{};  // with Welch's interval
  std::string reason{};                            // why there is none
  std::string caveat{};                            // as GroupFigure's, of both groups
};

/// Accuracy over energy of one quality, of the groups that have both.
struct AccuracyEnergy {
  std::size_t accuracy = 0, energy = 0;  // quantities
  std::vector<std::size_t> groups;
  std::vector<std::string> left_out{};  // the names of the others, and why
  /// Groups such that no other is at least as accurate for at most as much energy, by energy.
  /// Only by validation images: none if not every group held some back.
  std::optional<std::vector<std::size_t>> front{};
  /// Pairs on the front that their intervals do not tell apart (a single run has no interval).
  std::vector<std::pair<std::size_t, std::size_t>> unseparated{};
  /// Groups that are not on the front by their means, and may be by their intervals: none on it is
  /// with its whole intervals at least as good.
  std::vector<std::size_t> perhaps{};
  std::string caveat{};
};

/// A line of a table: what it is, and what it is for each group.
struct Contrast {
  std::string what;
  std::vector<std::string> values;
};

struct Comparison {
  std::vector<ComparedRun> runs;
  std::vector<Group> groups;  // in the order of their first runs
  /// Of each group but the first (which has none), each quantity.
  std::vector<std::vector<GroupDifference>> differences;
  std::vector<AccuracyEnergy> fronts;
  std::vector<Contrast> fields;       // of the configurations, those that differ, and the seeds
  std::vector<Contrast> environment;  // of machine and program, what differs; dates excepted
  Pairs common;                       // fields that all have
  std::vector<std::string> warnings;  // what a reader must not miss

  std::size_t group_of(std::size_t run) const;
};

/// Numerics  A figure that does not depend on the machine counts one run of each seed, the first: a
///           second one with the same configuration is no independent sample of it.
Comparison compare(std::vector<ComparedRun> runs);

/// The quantities of which any group has a mean.
std::vector<std::size_t> known_quantities(const Comparison& comparison);

/// "92.10 % [91.80, 92.40], n = 3", "92.10 %, n = 1", "unavailable"; a caveat is a star.
std::string text_of(const Quantity& quantity, const GroupFigure& figure);
/// "+0.30 points [-0.10, +0.70], n = 3 and 3", "+0.30 points, no interval: n = 1 and
/// 3".
std::string text_of(const Quantity& quantity, const GroupDifference& difference);

}  // namespace joule::report
