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

/// A value that the study optimises; the goals, in this order, are the sampler's objectives.
struct Goal {
  std::string value;  // the name of the trials' value
  search::Direction direction = search::Direction::minimise;
  /// For a constraint: the value must not be worse than this limit, and being better does not
  /// matter.
  std::optional<double> limit{};

  friend bool operator==(const Goal&, const Goal&) = default;
};

/// The sampler's name if the kind of study proposes the points itself: see Kind::propose.
inline constexpr std::string_view kByKind = "kind";

/// The definition of a study.  Trial n's point is fixed[n]; after those, the sampler proposes.
struct StudyDefinition {
  std::string name;           // unique in its storage
  std::string kind;           // of the objective: see study/kinds.h
  std::string config = "{}";  // a JSON object: all else that determines what a trial computes
  search::Space space;        // also for the fixed points
  std::vector<Goal> goals;
  /// See make_sampler(); empty: only the fixed points; kByKind: the kind proposes.
  std::string sampler;
  std::uint64_t seed = 1;
  std::vector<search::Point> fixed{};
  search::PrunerSettings pruner{};  // its steps are the epochs of the reports

  // The members below may change when a study is continued, as may config's member "limits": they
  // limit how far it goes, not what it computes.
  /// The number of trials; empty: as many as there are fixed points and points of the sampler.
  std::optional<std::int64_t> trials{};
  /// Once the trials together have spent more, no trial begins, and running ones are stopped.
  std::optional<energy::Joules> energy_budget{};
};

/// Errors    ArgumentError that names the member, its value and what was expected: a name or kind
///           that is empty or has control characters; a config that is not a JSON object; an
///           unknown sampler; a fixed point outside the space; neither fixed points nor a sampler;
///           trials < 1, or missing for a sampler without end; a duplicate goal; a limit that is
///           not finite, or limits for all goals; settings that the pruner refuses, or a pruner
///           without exactly one goal; a budget that is not positive.
void check(const StudyDefinition& definition);

/// The first difference between two definitions, with both values: "config.epochs is 3, got 5".
/// Empty if they are the same study; limits on how far it goes (trials, budget) are ignored.
std::string difference(const StudyDefinition& stored, const StudyDefinition& asked);

/// Where and when a study was created.
struct Origin {
  double created = 0;  // seconds since 1970 (UTC) by the storage's clock
  std::string joule;   // version
  std::string host;
  std::string machine;  // measure::summary() of it
};

/// A study in a storage.
struct Study {
  std::int64_t id = 0;
  StudyDefinition definition;
  Origin origin;
};

/// The finished trials as samplers see them, by number.
///
///   complete   with their goals' values
///   pruned     with their last report of the goal, which underestimates them, since they were
///              worse than others at the same epoch
///   failed     with the worst value of each goal of any complete trial, so that a sampler avoids
///              regions where training diverges; while no trial is complete, they are left out, as
///              are pruned ones without a report
///
/// Costs are kEnergy: measured if all trials that have reported energy have it measured, else
/// modelled if all have that, else the seconds that they ran.  Without a report there is none.
///
/// Errors    DataError if a complete trial lacks a goal's value, or if a goal was measured in one
///           trial and, say, modelled in another: such numbers are not comparable.
std::vector<search::Observation> observations(const Study& study, const std::vector<Trial>& trials);

/// What samplers need to know about the goals.
search::SamplerSettings sampler_settings(const StudyDefinition& definition);

/// What a trial reported of the study's only goal, as pruners see it.
search::Curve curve_of(const StudyDefinition& definition, const Trial& trial);

/// The point of trial `number`: a pure function of the definition, the finished trials and the
/// number.  Empty if there is no such trial.  A single worker asks for trial n when all trials
/// before it are finished, so an interrupted study proposes what an uninterrupted one does.
/// Several workers each ask when they are free, so a sampler that reads finished trials proposes by
/// those that happen to be finished; grid, random, sobol and fixed points read none, and are the
/// same for any number of workers.
///
/// Errors    ArgumentError if the kind proposes: see proposer_of() in study/kinds.h.
std::optional<search::Point> proposed(const Study& study, const std::vector<Trial>& trials,
                                      std::int64_t number);

}  // namespace joule::study
