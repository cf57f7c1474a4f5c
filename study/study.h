// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "joule/energy/quantity.h"
#include "joule/search/pruners/pruner.h"
#include "joule/search/sampler.h"
#include "joule/study/trial.h"

namespace joule::study {

/// A value that the study is about; the sampler's objectives are these, in this order.
struct Goal {
  std::string value;  // the name of the trials' value
  search::Direction direction = search::Direction::minimise;
  /// It is a constraint: the value is to be no worse than this, and how much better does not
  /// matter.
  std::optional<double> limit{};

  friend bool operator==(const Goal&, const Goal&) = default;
};

/// The sampler's name where the kind of study proposes the points itself: see Kind::propose.
inline constexpr std::string_view kByKind = "kind";

/// What a study is.  Trial n's point is fixed[n], and after those what the sampler proposes.
struct StudyDefinition {
  std::string name;           // unique in its storage
  std::string kind;           // who makes the objective: see study/kinds.h
  std::string config = "{}";  // a JSON object: everything else that decides what a trial computes
  search::Space space;        // of the fixed points, too
  std::vector<Goal> goals;
  /// See make_sampler(); empty: there are only the fixed points; kByKind: the kind proposes.
  std::string sampler;
  std::uint64_t seed = 1;
  std::vector<search::Point> fixed{};
  search::PrunerSettings pruner{};  // its steps are the epochs of the reports

  // These may differ when a study goes on, as may config's member "limits": they say how far, not
  // what.
  /// How many; none: as many as there are fixed points, and as the sampler has.
  std::optional<std::int64_t> trials{};
  /// No trial begins, and those that run are stopped, once the trials together have spent more.
  std::optional<energy::Joules> energy_budget{};
};

/// Errors    ArgumentError that names the member, its value and what was expected: a name or a kind
///           is empty or has control characters; the config is no JSON object; no sampler of that
///           name; a fixed point outside the space; neither fixed points nor a sampler; trials < 1,
///           or none given for a sampler without end; the same goal twice; a limit that is not
///           finite, or a limit for every goal; settings of the pruner that it refuses, or a pruner
///           without exactly one goal; a budget that is not positive.
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

/// The finished trials as samplers see them, by number.
///
///   complete   with their goals' values
///   pruned     with what they last reported of the goal: less than they would have come to, as
///              they were worse than others at the same epoch
///   failed     with the worst that a complete trial has of each goal, so that a sampler keeps away
///              from where training diverges; while none is complete, they are left out, as are
///              pruned ones that reported nothing
///
/// Costs are kEnergy: measured if all that have told what they spent have it measured, else
/// modelled if all have that, else the seconds that they ran.  A trial that told nothing has none.
///
/// Errors    DataError if a complete trial lacks a goal's value, or if a goal was measured in one
///           trial and, say, modelled in another: such numbers are not compared.
std::vector<search::Observation> observations(const Study& study, const std::vector<Trial>& trials);

/// What samplers must know of the goals.
search::SamplerSettings sampler_settings(const StudyDefinition& definition);

/// What a trial reported of the study's only goal, as pruners see it.
search::Curve curve_of(const StudyDefinition& definition, const Trial& trial);

/// The point of trial `number`: a pure function of the definition, the finished trials and the
/// number.  None if there is no such trial.  One worker asks for trial n when all before it are
/// finished, so that an interrupted study proposes what an uninterrupted one does.  Of several,
/// each asks when it is free: a sampler that reads finished trials then proposes by those that
/// happen to be; grid, random, sobol and fixed points read none and propose the same for any
/// number of workers.
///
/// Errors    ArgumentError if the kind proposes: see proposer_of() in study/kinds.h.
std::optional<search::Point> proposed(const Study& study, const std::vector<Trial>& trials,
                                      std::int64_t number);

}  // namespace joule::study
