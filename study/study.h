// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "joule/energy/quantity.h"
#include "joule/search/sampler.h"
#include "joule/study/trial.h"

namespace joule::study {

/// A value that the study is about; the sampler's objectives are these, in this order.
struct Goal {
  std::string value;  // the name of the trials' value
  search::Direction direction = search::Direction::minimise;

  friend bool operator==(const Goal&, const Goal&) = default;
};

/// What a study is.  Trial n's point is fixed[n], and after those what the sampler proposes.
struct StudyDefinition {
  std::string name;           // unique in its storage
  std::string kind;           // who makes the objective: see study/kinds.h
  std::string config = "{}";  // a JSON object: everything else that decides what a trial computes
  search::Space space;        // of the fixed points, too
  std::vector<Goal> goals;
  std::string sampler;  // see make_sampler(); empty: there are only the fixed points
  std::uint64_t seed = 1;
  std::vector<search::Point> fixed{};

  // These two may differ when a study goes on; they say how far, not what.
  /// How many; none: as many as there are fixed points, and as the sampler has.
  std::optional<std::int64_t> trials{};
  /// No trial begins, and those that run are stopped, once the trials together have spent more.
  std::optional<energy::Joules> energy_budget{};
};

/// Errors    ArgumentError that names the member, its value and what was expected: a name or a kind
///           is empty or has control characters; the config is no JSON object; no sampler of that
///           name; a fixed point outside the space; neither fixed points nor a sampler; trials < 1,
///           or none given for a sampler without end; the same goal twice; a budget that is not
///           positive.
void check(const StudyDefinition& definition);

/// The first thing in which two definitions differ, with both values: "config.epochs is 3, got 5".
/// Empty if they are the same study; how far it goes (trials, budget) does not count.
std::string difference(const StudyDefinition& stored, const StudyDefinition& asked);

/// Where and when a study was made.
struct Origin {
  double created = 0;  // seconds since 1970 (UTC) by the storage's clock
  std::string joule;   // version
  std::string host;
  std::string machine;  // measure::summary() of it
};

/// A study that a storage holds.
struct Study {
  std::int64_t id = 0;
  StudyDefinition definition;
  Origin origin;
};

/// The complete trials as samplers see them, by number.
///
/// Errors    DataError if a trial lacks a goal's value, or if a goal was measured in one trial and,
///           say, modelled in another: such numbers are not compared.
std::vector<search::Observation> observations(const Study& study, const std::vector<Trial>& trials);

/// The point of trial `number`: a pure function of the definition, the complete trials and the
/// number.  None if there is no such trial.  One worker asks for trial n when all before it are
/// finished, so that an interrupted study proposes what an uninterrupted one does.  Of several,
/// each asks when it is free: a sampler that reads finished trials then proposes by those that
/// happen to be; grid, random, sobol and fixed points read none and propose the same for any
/// number of workers.
std::optional<search::Point> proposed(const Study& study, const std::vector<Trial>& trials,
                                      std::int64_t number);

}  // namespace joule::study
