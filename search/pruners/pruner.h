// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "joule/search/sampler.h"

// Pruners: whether to give up a trial early.
namespace joule::search {

/// A running trial as pruners see it: the objective that it reported at each step (from 1).
struct Curve {
  std::int64_t number = 0;  // of the trial
  bool complete = false;    // whether it ran to the end
  std::map<std::int64_t, double> values{};
};

/// The pruner and its parameters.
struct PrunerSettings {
  std::string name = "none";
  std::int64_t startup_trials = 5;  // median: nothing is pruned before so many are complete
  std::int64_t warmup_steps = 1;    // median: nothing is pruned before this step
  std::int64_t most_steps = 1;      // hyperband: the steps of a complete trial
  std::int64_t reduction = 3;       // hyperband: one in so many continues

  friend bool operator==(const PrunerSettings&, const PrunerSettings&) = default;
};

/// The pruners by name: "none", "median", "hyperband".
std::span<const std::string_view> pruner_names();

/// Errors    ArgumentError that names the setting, its value and what was expected: an unknown
///           name, startup_trials < 0, warmup_steps < 1, most_steps < 1, reduction < 2.
void check(const PrunerSettings& settings);

/// Whether to give up `trial`, which has just reported its last step.  `others` are the other
/// trials as far as they have come, including pruned and failed ones.  A pure function; the order
/// of `others` does not matter.
///
///   none       never
///   median     if at least startup_trials others are complete, and it has reached warmup_steps:
///              if its best report is worse than the median of the complete trials' reports at
///              this step
///   hyperband  successive halving in the trial's bracket (bracket_of()): bracket b has rungs at
///              the steps reduction^b, reduction^(b+1), ...  A trial that reaches a rung continues
///              if it is among the best floor(n / reduction), at least 1, of the n trials that have
///              reached it so far, including this one; ties count in its favour
///
/// Errors    as check(); ArgumentError that names the trial if it has reported nothing, or a value
///           is not finite.
/// Source    median: Golovin et al. 2017, "Google Vizier"; hyperband: Li et al. 2018,
///           arXiv:1603.06560, in the asynchronous form of Li et al. 2020, arXiv:1810.05934.
bool prune(const PrunerSettings& settings, Direction direction, const Curve& trial,
           std::span<const Curve> others);

/// The number of brackets: floor(log(most_steps) / log(reduction)) + 1.
std::int64_t bracket_count(const PrunerSettings& settings);

/// The bracket of a trial, drawn from its number alone; the probability of bracket b of B is
/// proportional to ceil(B reduction^(B-1-b) / (B-b)), the trials that Hyperband starts in it.
std::int64_t bracket_of(const PrunerSettings& settings, std::int64_t number);

}  // namespace joule::search
