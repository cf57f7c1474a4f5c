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
  bool retry_failed = false;  // try failed trials again
  /// The program that is a worker, and its first arguments; run_study() adds --storage URL --study
  /// NAME --threads N --heartbeat S --crashes N --out DIR, --keep-runs, --quiet.
  std::vector<std::string> worker_command{"/proc/self/exe", "study", "worker"};
};

/// The progress of a study.
struct StudyProgress {
  std::int64_t done = 0, failed = 0;  // done: complete and pruned
  std::optional<std::int64_t> of;     // total number, if known
  std::vector<Trial> running;         // with their reports
  /// Until the end, and the half-width of its 95 % interval.
  std::optional<double> seconds_left{}, half_width{};
  std::optional<double> joules{};  // of all trials so far, of one quality
  Quality quality = Quality::unavailable;
};

/// What run_study() calls as it goes; each may be empty.
struct RunHooks {
  std::function<void(const StudyProgress&)> on_progress;  // about once a second, and at the end
  std::function<void(const Trial&)> on_end;          // once for each trial that ends in this run
  std::function<void(const std::string&)> on_event;  // a worker died; a trial was given back
  std::function<bool()> stop;
};

struct StudyResult {
  Study study;
  std::vector<Trial> trials;  // all
  WorkEnd end = WorkEnd::done;
  std::string why;  // unless done: what stopped it

  std::int64_t failed() const;
};

/// Runs a study, or continues it: a study is its database.  After Ctrl-C, a kill -9 or a power cut,
/// the same call continues where it stopped.  The trials run in options.workers processes of
/// options.worker_command, which end with this one, however it ends; one that dies is replaced, and
/// its trial given back.
///
/// With a folder, writes config.json (the definition and its origin) at the start, and trials.csv
/// at the end.
///
/// Errors    as Storage; ArgumentError if the stored study differs (names the first difference);
///           and the error that ended a worker before it ran a trial.
StudyResult run_study(const StudyDefinition& definition, const RunOptions& options,
                      const RunHooks& hooks = {});

/// The location of the storage for these options.
///
/// Errors    ArgumentError if there is neither a folder nor a storage; DataError if the folder
///           cannot be created.
Location location_of(const RunOptions& options);

}  // namespace joule::study
