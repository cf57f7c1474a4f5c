// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "joule/study/worker.h"

namespace joule::study {

struct RunOptions {
  std::string folder;   // --out: study.db, config.json, trials.csv, trials/ (folders of trials)
  std::string storage;  // --storage; empty: study.db in the folder
  int workers = 1;
  int threads = 0;  // of each worker; 0: the processors of this machine, divided among them
  double heartbeat = kHeartbeat;
  std::int64_t most_crashes = 3;
  bool keep_runs = false;
  bool retry_failed = false;  // trials that have failed are tried again
  /// The program that is a worker, and its first arguments; run_study() adds --storage URL --study
  /// NAME --threads N --heartbeat S --crashes N --out DIR, --keep-runs, --quiet.
  std::vector<std::string> worker_command{"/proc/self/exe", "study", "worker"};
};

/// Where a study stands.
struct StudyProgress {
  std::int64_t done = 0, failed = 0;  // complete and pruned; failed
  std::optional<std::int64_t> of;     // all that there will be, where that is known
  std::vector<Trial> running;         // with their reports
  /// Until the end, and the half-width of the interval that holds it in 95 % of such studies.
  std::optional<double> seconds_left{}, half_width{};
  std::optional<double> joules{};  // of all trials so far, of one quality
  Quality quality = Quality::unavailable;
};

/// What run_study() calls on the way; all may be empty.
struct RunHooks {
  std::function<void(const StudyProgress&)> on_progress;  // about once a second, and at the end
  std::function<void(const Trial&)> on_end;          // once for each trial that ends in this run
  std::function<void(const std::string&)> on_event;  // a worker died; a trial goes back
  std::function<bool()> stop;
};

struct StudyResult {
  Study study;
  std::vector<Trial> trials;  // all
  WorkEnd end = WorkEnd::done;
  std::string why;  // unless done: what stopped it

  std::int64_t failed() const;
};

/// Runs a study, or goes on with it: a study is its database.  The same call after Ctrl-C, a kill
/// -9 or a power cut goes on where it stopped.  The trials run in options.workers processes of
/// options.worker_command, which end with this one, whatever ends it; one that dies is replaced,
/// and its trial given back.
///
/// Writes config.json (the definition and its origin) at the start, and trials.csv at the end, if
/// there is a folder.
///
/// Errors    as Storage; ArgumentError if the stored study is another one (the first difference);
///           what ended a worker that ran no trial, as the error that it was.
StudyResult run_study(const StudyDefinition& definition, const RunOptions& options,
                      const RunHooks& hooks = {});

/// Where the storage of these options is.
///
/// Errors    ArgumentError if there is neither a folder nor a storage; DataError if the folder
///           cannot be made.
Location location_of(const RunOptions& options);

}  // namespace joule::study
