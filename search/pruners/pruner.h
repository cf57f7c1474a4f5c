// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "joule/search/sampler.h"

// Which trials are not worth going on with.
namespace joule::search {

/// A trial on its way, as pruners see it: what it reported of the objective, by step (from 1).
struct Curve {
  std::int64_t number = 0;  // of the trial
  bool complete = false;    // it went all the way
  std::map<std::int64_t, double> values{};
};

/// Which pruner, and what it goes by.
struct PrunerSettings {
  std::string name = "none";
  std::int64_t startup_trials = 5;  // median: none is pruned before so many are complete
  std::int64_t warmup_steps = 1;    // median: none is pruned before this step
  std::int64_t most_steps = 1;      // hyperband: the steps of a trial that goes all the way
  std::int64_t reduction = 3;       // hyperband: one in so many goes on

  friend bool operator==(const PrunerSettings&, const PrunerSettings&) = default;
};

/// The pruners by name: "none", "median", "hyperband".
std::span<const std::string_view> pruner_names();

/// Errors    ArgumentError that names the setting, its value and what was expected: no pruner of
///           that name, startup_trials < 0, warmup_steps < 1, most_steps < 1, reduction < 2.
void check(const PrunerSettings& settings);

/// Whether to give `trial` up, which has just reported its last step.  `others` are the other
/// trials as far as they have come, those that were pruned or have failed among them.  A pure
/// function; the order of `others` does not matter.
///
///   none       never
///   median     if at least startup_trials others are complete, and it has come to warmup_steps:
///              if the best that it reported is worse than the median of what the complete ones
///              reported at this step
///   hyperband  successive halving in the trial's bracket (bracket_of()): bracket b has rungs at
///              the steps reduction^b, reduction^(b+1), ...  A trial that comes to a rung goes on
///              if it is among the best floor(n / reduction), at least 1, of the n that have come
///              to it so far, this one included; equal values are as good
///
/// Errors    as check(); ArgumentError if the trial has reported nothing, or a value is not finite
///           (the trial is named).
/// Source    median: Golovin et al. 2017, "Google Vizier"; hyperband: Li et al. 2018,
///           arXiv:1603.06560, in the asynchronous form of Li et al. 2020, arXiv:1810.05934.
bool prune(const PrunerSettings& settings, Direction direction, const Curve& trial,
           std::span<const Curve> others);

/// How many brackets there are: floor(log(most_steps) / log(reduction)) + 1.
std::int64_t bracket_count(const PrunerSettings& settings);

/// The bracket of a trial, from its number alone: a draw in which bracket b of B is as likely as
/// ceil(B reduction^(B-1-b) / (B-b)), the trials that Hyperband would begin in it.
std::int64_t bracket_of(const PrunerSettings& settings, std::int64_t number);

}  // namespace joule::search
