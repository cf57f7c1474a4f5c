// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/study/storage/schema.h"
#include "joule/study/study.h"
#include "joule/study/workers/worker_process.h"

namespace joule::study {

/// Where a storage is, as --storage says it: "postgresql://user@host:port/database", or the path of
/// an SQLite file.
struct Location {
  std::string url;

  bool is_postgresql() const;
  /// For messages: without the password.
  std::string shown() const;
};

/// How many trials of a study there are in each state.
struct Overview {
  Study study;
  std::int64_t waiting = 0, running = 0, complete = 0, failed = 0, pruned = 0;
};

/// A trial that a process runs: `trial.token` and the process prove it.  (The token alone would do,
/// if a server that lost its power never forgot a claim.)
struct Claim {
  std::int64_t study = 0;
  Trial trial;
  std::string process{};  // WorkerProcess::identity
};

/// Thrown where a claim is no longer its holder's: the trial was given to another worker, which is
/// the only one that may finish it.
struct ClaimLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Studies and their trials, in SQLite or PostgreSQL.  One object is for one thread; any number of
/// objects, processes and (PostgreSQL) machines may work on one database at a time.
///
/// Each call is one transaction: it happens as a whole or not at all, whenever the process is
/// killed.  What finish() has stored also outlives a loss of power; a claim may be lost by one, and
/// is made anew.  A connection that breaks is made anew for up to a minute.
///
/// Errors    Every call: DataError that starts with the place, if the database cannot be read or
///           written, is full, or is gone.
class Storage {
 public:
  /// Opens it; with Missing::make a database without tables (for SQLite also: no file) gets those
  /// of the schema.  A schema of an older version is brought up to this one's.
  ///
  /// Errors    DataError: there is none (Missing::refuse), a schema of a newer version, tables of
  ///           something else, PostgreSQL's client library is not installed (and what to install).
  enum class Missing { refuse, make };
  explicit Storage(const Location& location, Missing missing = Missing::make,
                   std::span<const Migration> schema = migrations());
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  const Location& location() const;

  /// Makes the study, or goes on with the one of that name; `trials` and `energy_budget` are then
  /// those asked for now.  Two processes that do it at once get the same study.
  ///
  /// Errors    ArgumentError if the stored study is another: the first difference, with both
  ///           values.
  Study make_study(const StudyDefinition& definition, const std::string& machine);
  /// Errors    ArgumentError that lists the studies there are if there is none of that name.
  Study study(const std::string& name);
  /// In the order in which they were made.
  std::vector<Overview> overviews();

  /// Those from a number on, by number, with values and reports.
  std::vector<Trial> trials(const Study& study, std::int64_t from = 0);
  /// Errors    ArgumentError if there is none of that number.
  Trial trial(const Study& study, std::int64_t number);

  /// Adds a waiting trial; `proposal` is what it took to propose it.  False: another process was
  /// first, with its point.
  bool propose(const Study& study, std::int64_t number, const search::Point& point,
               const std::vector<Value>& proposal = {});
  /// Adds trials that this process ran elsewhere, as in memory, and has finished, with point,
  /// state, values and error; all at once, in the order of their numbers, behind those that there
  /// are. What began or ended at no stated time did so now.
  ///
  /// Errors    ArgumentError: a point outside the space, a trial that is not finished, or of
  /// another
  ///           number than the next; values that finish() refuses.  Nothing is stored then.
  void add_finished(const Study& study, const std::vector<Trial>& trials);
  /// The waiting trial of the lowest number becomes the worker's, with a new token, until `lease`
  /// seconds after the last claim or beat; none if none waits.  No two workers get the same.
  std::optional<Claim> claim(const Study& study, const WorkerProcess& worker, double lease);
  /// The worker lives.  False: the claim is lost.
  bool beat(const Claim& claim, double lease);
  /// Errors    ClaimLost.
  void report(const Claim& claim, const Report& report);
  /// Ends the trial: complete, failed or pruned, with its values or `error`.  Told twice by the
  /// same holder (who did not hear the answer), it counts once.
  ///
  /// Errors    ClaimLost: nothing is stored.  ArgumentError for a value that check() refuses, for
  ///           two values of the same name and quality, and for a complete trial that does not have
  ///           one available value for each goal.
  void finish(const Study& study, const Claim& claim, State state, std::vector<Value> values,
              const std::string& error = "");
  /// The trial waits again: its worker was asked to stop.  Errors    ClaimLost.
  void give_back(const Claim& claim);

  /// A trial that was taken from a dead worker.
  struct Reclaimed {
    std::int64_t number = 0;
    std::int64_t crashes = 0;
    bool failed = false;  // this was one crash too many
    WorkerProcess worker;
  };
  /// Takes the running trials of dead workers: those of this machine whose process is gone, and
  /// those whose lease has run out, by the database's clock.  They wait again, or have failed after
  /// `most_crashes` such deaths.  `how` says how the worker of that process died, where that is
  /// known.
  struct Death {
    WorkerProcess worker;
    std::string how;
  };
  std::vector<Reclaimed> reclaim(const Study& study, std::int64_t most_crashes,
                                 const std::vector<Death>& deaths = {});
  /// Failed trials wait again, with no crash counted.  Returns how many.
  std::int64_t retry_failed(const Study& study);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace joule::study
