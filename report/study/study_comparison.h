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

// What several studies, or the points of one, share, and how they differ.
namespace joule::report {

struct ComparedStudy {
  std::string name;  // as the reader knows it: its folder; unique
  study::Study study;
  std::vector<study::Trial> trials;
};

/// A quantity by which trials are compared.  Values of the same name with another unit or quality
/// are another quantity.
struct StudyQuantity {
  std::string name, unit;
  study::Quality quality = study::Quality::counted;
  std::optional<search::Direction> goal{};  // if it is a goal in all studies that have it

  /// "inference energy, J (modelled)".
  std::string title() const;
};

/// A quantity of an arm, over its complete trials.
struct ArmFigure {
  std::vector<double> values;          // one each, in the order of the arm's trials
  std::optional<search::Mean> mean{};  // with Student's interval; empty: not every trial has one
  std::string reason{};                // why there is no mean
};

/// The trials of a study whose points differ only in their dimension "seed".
struct Arm {
  std::size_t study = 0;
  std::string name;
  search::Point point;                // without the seed
  std::vector<std::size_t> complete;  // of the study's trials, by number
  std::int64_t failed = 0, pruned = 0, open = 0;
  std::vector<ArmFigure> figures{};  // of each quantity
};

/// The mean of an arm minus that of the first arm.
struct ArmDifference {
  std::optional<search::Difference> difference{};
  /// Both have the same seeds, one trial each: Student's interval of the pairs; otherwise Welch's.
  bool paired = false;
  std::string reason{};  // why there is none
};

struct StudyComparison {
  std::vector<ComparedStudy> studies;
  std::vector<StudyQuantity> quantities;  // the goals first
  std::vector<Arm> arms;                  // by study, then by their first trial
  /// For each arm but the first (which has none), each quantity.
  std::vector<std::vector<ArmDifference>> differences;
  /// The arms that no other dominates in the goals, if all studies have the same two or more.
  std::optional<std::vector<std::size_t>> front{};
  /// Pairs on the front that their intervals do not separate (a single trial has no interval).
  std::vector<std::pair<std::size_t, std::size_t>> unseparated{};
  std::vector<std::string>
      left_out{};                     // arms that are not on the front for want of a goal, and why
  std::vector<Contrast> contrasts{};  // a value per study: configuration, machine, program
  std::vector<std::string> warnings{};  // what a reader must not miss

  /// The quantities that are goals.
  std::size_t goals() const;
  /// Those for which an arm has a mean.
  std::vector<std::size_t> known() const;
};

/// Errors    ArgumentError: no study, a duplicate name, or no complete trial.
StudyComparison compare(std::vector<ComparedStudy> studies);

}  // namespace joule::report
