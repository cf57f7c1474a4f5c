// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/study/objective.h"
#include "joule/study/study.h"

namespace joule::study {

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
};

/// Makes a kind known for the rest of the process.
///
/// Errors    ArgumentError if there is one of that name, the name is empty, or there is no make.
void register_kind(Kind kind);

/// Errors    ArgumentError that names the kind and lists those that there are.
const Kind& kind_of(std::string_view name);

}  // namespace joule::study
