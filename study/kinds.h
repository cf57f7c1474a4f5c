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

/// The point of trial `number`, the next one.  Empty: there is none yet, or if all trials are
/// finished, there will be none.  A pure function of the finished trials and the number, so a kind
/// that proposes nothing while trials run proposes the same for any number of workers.
using Proposer = std::function<std::optional<search::Point>(const std::vector<Trial>& trials,
                                                            std::int64_t number)>;

/// A kind of study: how to run its trials.  A worker, on any machine, knows only the study's name
/// and storage, so everything that determines the result is in the definition.
struct Kind {
  std::string name;   // "eat"
  std::string about;  // one line for people
  /// The objective of a study; called once in each worker.
  ///
  /// Errors    ArgumentError or DataError, which end the worker, not a trial: an invalid config, a
  ///           missing data set.
  std::function<Objective(const StudyDefinition&)> make;
  /// The meters that measure the joules of proposals, as energy::open_run_meters(); null or an
  /// empty text: they are not measured.
  std::function<std::string(const StudyDefinition&)> meters{};
  /// For a kind that proposes points itself (StudyDefinition::sampler is kByKind); called once in
  /// each process, so a proposer may remember what it has seen of finished trials.
  ///
  /// Errors    as make.
  std::function<Proposer(const StudyDefinition&)> propose{};
};

/// Registers a kind for the rest of the process.
///
/// Errors    ArgumentError if the name is empty or taken, or `make` is missing.
void register_kind(Kind kind);

/// Errors    ArgumentError that names the kind and lists the existing ones.
const Kind& kind_of(std::string_view name);

/// The proposer of the study's points: its kind's, or else proposed().
///
/// Errors    ArgumentError if the kind should propose but cannot.
Proposer proposer_of(const Study& study);

}  // namespace joule::study
