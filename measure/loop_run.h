// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "joule/energy/attribution/verification.h"
#include "joule/energy/meter.h"
#include "joule/energy/quantity.h"

namespace joule::measure {

/// How operations are looped, each by itself.
struct LoopPlan {
  int trials = 5;                 // of each operation
  int periods = 50;               // of the counter in a trial, at least
  energy::Seconds shortest{0.1};  // of a trial, whatever the period
  energy::Seconds pause{0.5};     // in which nothing runs, or 20 periods if they are longer
  int pauses = 60;                // at most, until one draws no more than `level`
  energy::Watts level;
  /// Of each operation in a trial, as a recording has them; empty: as many as fill it.
  std::vector<std::int64_t> calls{};
  std::uint64_t seed = 0;        // of the trials' phases
  std::function<bool()> stop{};  // asked before every pause and every trial
};

/// Before each body pauses until the power is down at `plan.level`, then repeats it in trials, each
/// in a window of its own whose edges wait for the counter.  Trials begin at random phases.  Bodies
/// that run no operation are passed over.
///
/// Returns   one for each of the others; nothing if plan.stop() said so.
/// Cost      about plan.trials * plan.periods update periods, and the pauses, for each body.
/// Errors    ArgumentError if the meter's update period is not known, or if plan.calls has not one
///           number for each body that runs an operation; what the bodies throw.
std::optional<std::vector<energy::Looped>> run_loops(std::span<const std::function<void()>> bodies,
                                                     const LoopPlan& plan, energy::Meter& meter);

}  // namespace joule::measure
