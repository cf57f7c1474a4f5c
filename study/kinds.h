// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/study/objective.h"
#include "joule/study/study.h"

namespace joule::study {

/// The point of trial `number`, which is the first that there is not; none: there is none yet, or
/// if all trials are finished none ever.  A pure function of the finished trials and the number: so
/// a kind that proposes nothing while trials run proposes the same for any number of workers.
using Proposer = std::function<std::optional<search::Point>(const std::vector<Trial>& trials,
                                                            std::int64_t number)>;

/// A kind of studies: how its trials are run.  A worker, on whatever machine, has nothing but the
/// study's name and storage, so everything that decides is in the definition.
struct Kind {
  std::string name;   // "eat"
  std::string about;  // a line for people
  /// The objective of a study; called once in each worker.
  ///
  /// Errors    ArgumentError or DataError, which end the worker, not a trial: a config that makes
  ///           no sense, a data set that is not there.
  std::function<Objective(const StudyDefinition&)> make;
  /// By which meters the joules of proposals are measured, as energy::open_run_meters(); none, or
  /// an empty text: they are not.
  std::function<std::string(const StudyDefinition&)> meters{};
  /// Of a kind that proposes points itself (StudyDefinition::sampler is kByKind); called once in
  /// each process, so a proposer may remember what it has seen of finished trials.
  ///
  /// Errors    as make.
  std::function<Proposer(const StudyDefinition&)> propose{};
};

/// Makes a kind known for the rest of the process.
///
/// Errors    ArgumentError if there is one of that name, the name is empty, or there is no make.
void register_kind(Kind kind);

/// Errors    ArgumentError that names the kind and lists those that there are.
const Kind& kind_of(std::string_view name);

/// Who proposes the study's points: its kind, or else proposed().
///
/// Errors    ArgumentError if the kind is to and cannot.
Proposer proposer_of(const Study& study);

}  // namespace joule::study
