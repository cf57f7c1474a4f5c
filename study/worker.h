// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "joule/study/objective.h"
#include "joule/study/storage/storage.h"

namespace joule::study {

/// Seconds between two heartbeats; a worker counts as dead after kLostBeats of them without one.
inline constexpr double kHeartbeat = 10;
inline constexpr double kLostBeats = 6;

struct WorkerOptions {
  int threads = 0;  // of each trial; 0: as num_threads() says
  double heartbeat = kHeartbeat;
  std::int64_t most_crashes = 3;  // a trial that killed so many workers has failed
  std::string folder;             // the trials' folders are made in it; empty: in a temporary one
  bool keep_runs = false;         // also those of complete trials
  std::string proposal_meters{};  // see ProposalMeter
};

/// What a worker tells on its way; all may be empty.
struct WorkerHooks {
  std::function<bool()> stop;
  std::function<void(const Trial&)> on_start;
  /// With values, or the error.
  std::function<void(const Trial&)> on_end;
  std::function<void(const Trial&, const Report&)> on_report;
  /// A trial that another worker has now; `why` names both.
  std::function<void(const Trial&, const std::string& why)> on_lost;
};

enum class WorkEnd {
  done,         // there is nothing left to begin; others may still run trials
  interrupted,  // hooks.stop
  budget        // the study's energy budget is spent
};

/// Runs trials of the study, one after the other, in this thread, until there is nothing left to
/// do: takes those of dead workers, claims one that waits, or else proposes the next.  Where the
/// last trials of others are running, it waits for them, as they may come back.
///
/// Cost      three transactions a trial and one per heartbeat, by a thread of its own with a
///           connection of its own.
/// Errors    as Storage; DataError if the energy budget cannot be kept: see check_budget().
WorkEnd work(const Location& location, const std::string& study, const Objective& objective,
             const WorkerOptions& options = {}, const WorkerHooks& hooks = {});

}  // namespace joule::study
