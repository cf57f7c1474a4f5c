// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "joule/study/objective.h"
#include "joule/study/storage/storage.h"

namespace joule::study {

/// Seconds between heartbeats; a worker counts as dead after kLostBeats of them without one.
inline constexpr double kHeartbeat = 10;
inline constexpr double kLostBeats = 6;

struct WorkerOptions {
  int threads = 0;  // of each trial; 0: as num_threads() says
  double heartbeat = kHeartbeat;
  std::int64_t most_crashes = 3;  // a trial that killed so many workers has failed
  std::string folder;             // for the trials' folders; empty: a temporary one
  bool keep_runs = false;         // also of complete trials
  std::string proposal_meters{};  // see ProposalMeter
};

/// What a worker calls as it goes; each may be empty.
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
  done,         // nothing is left to begin; others may still run trials
  interrupted,  // hooks.stop
  budget        // the study's energy budget is spent
};

/// Runs trials of the study in this thread, one after the other, until nothing is left: takes those
/// of dead workers, claims a waiting one, or proposes the next.  While the last trials run in other
/// workers, it waits, because they may come back.
///
/// Cost      three transactions per trial and one per heartbeat, by a separate thread with its own
///           connection.
/// Errors    as Storage; DataError if the energy budget cannot be enforced: see check_budget().
WorkEnd work(const Location& location, const std::string& study, const Objective& objective,
             const WorkerOptions& options = {}, const WorkerHooks& hooks = {});

}  // namespace joule::study
