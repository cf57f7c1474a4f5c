// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "joule/report/compare/comparison.h"
#include "joule/search/sampler.h"
#include "joule/search/statistics/mean.h"
#include "joule/study/study.h"

// What several studies, or the points of one, have in common, and what differs.
namespace joule::report {

struct ComparedStudy {
  std::string name;  // as the reader knows it: its folder; unique among those compared
  study::Study study;
  std::vector<study::Trial> trials;
};

/// Something that trials are compared by.  Values of one name and another unit or quality are
/// another quantity.
struct StudyQuantity {
  std::string name, unit;
  study::Quality quality = study::Quality::counted;
  std::optional<search::Direction> goal{};  // of all studies that have it as one

  /// "inference energy, J (modelled)".
  std::string title() const;
};

/// A quantity of an arm: over its complete trials.
struct ArmFigure {
  std::vector<double> values;          // one each, in the order of the arm's trials
  std::optional<search::Mean> mean{};  // with Student's interval; none: not every trial has one
  std::string reason{};                // why there is no mean
};

/// The trials of a study whose points differ in their dimension "seed" alone.
struct Arm {
  std::size_t study = 0;
  std::string name;
  search::Point point;                // without the seed
  std::vector<std::size_t> complete;  // of the study's trials, by number
  std::int64_t failed = 0, pruned = 0, open = 0;
  std::vector<ArmFigure> figures{};  // of each quantity
};

/// The mean of an arm less that of the first arm.
struct ArmDifference {
  std::optional<search::Difference> difference{};
  /// Both have the same seeds, one trial of each: Student's interval of the pairs; else Welch's.
  bool paired = false;
  std::string reason{};  // why there is none
};

struct StudyComparison {
  std::vector<ComparedStudy> studies;
  std::vector<StudyQuantity> quantities;  // the goals first
  std::vector<Arm> arms;                  // by study, then by their first trial
  /// Of each arm but the first (which has none), each quantity.
  std::vector<std::vector<ArmDifference>> differences;
  /// The arms that no other beats in all goals, if all studies have the same two or more.
  std::optional<std::vector<std::size_t>> front{};
  /// Pairs on the front that their intervals do not tell apart (a single trial has no interval).
  std::vector<std::pair<std::size_t, std::size_t>> unseparated{};
  std::vector<std::string>
      left_out{};                     // arms that are not on the front for want of a goal, and why
  std::vector<Contrast> contrasts{};  // a value per study: configuration, machine, program
  std::vector<std::string> warnings{};  // what a reader must not miss

  /// The quantities that are goals.
  std::size_t goals() const;
  /// Those of which an arm has a mean.
  std::vector<std::size_t> known() const;
};

/// Errors    ArgumentError: no study, the same name twice, no trial of any is complete.
StudyComparison compare(std::vector<ComparedStudy> studies);

}  // namespace joule::report
