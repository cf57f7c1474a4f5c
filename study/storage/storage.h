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

/// The location of a storage, as --storage takes it: "postgresql://user@host:port/database", or the
/// path of an SQLite file.
struct Location {
  std::string url;

  bool is_postgresql() const;
  /// For messages: without the password.
  std::string shown() const;
};

/// Of a folder, its study.db.
Location location_at(const std::string& url);

/// The number of trials of a study in each state.
struct Overview {
  Study study;
  std::int64_t waiting = 0, running = 0, complete = 0, failed = 0, pruned = 0;
};

/// A trial that a process runs; `trial.token` and the process prove it.  (The token alone would do,
/// if a server never lost a claim by a power failure.)
struct Claim {
  std::int64_t study = 0;
  Trial trial;
  std::string process{};  // WorkerProcess::identity
};

/// Thrown if a claim no longer belongs to its holder: the trial was given to another worker, and
/// only that one may finish it.
struct ClaimLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Studies and their trials, in SQLite or PostgreSQL.  Use an object in one thread only; any number
/// of objects, processes and (PostgreSQL) machines may use one database at the same time.
///
/// Each call is one transaction: it happens completely or not at all, whenever the process is
/// killed.  What finish() has stored also survives a power failure; a claim may be lost by one, and
/// is then made again.  A broken connection is re-established for up to a minute.
///
/// Errors    Every call: DataError that starts with the location, if the database cannot be read or
///           written, is full, or has gone.
class Storage {
 public:
  /// Opens it.  With Missing::make, a database without tables (for SQLite also: no file) gets those
  /// of the schema.  An older schema is upgraded to this version's.
  ///
  /// Errors    DataError: there is none (Missing::refuse), its schema is newer, its tables are of
  ///           something else, or PostgreSQL's client library is missing (says what to install).
  enum class Missing { refuse, make };
  explicit Storage(const Location& location, Missing missing = Missing::make,
                   std::span<const Migration> schema = migrations());
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  const Location& location() const;

  /// Creates the study, or continues the one of that name with `trials` and `energy_budget` as
  /// given now.  Two processes that do this at the same time get the same study.
  ///
  /// Errors    ArgumentError if the stored study differs; names the first difference, with both
  ///           values.
  Study make_study(const StudyDefinition& definition, const std::string& machine);
  /// Errors    ArgumentError that lists the existing studies if there is none of that name.
  Study study(const std::string& name);
  /// In the order of creation.
  std::vector<Overview> overviews();

  /// The trials from number `from` on, by number, with values and reports.
  std::vector<Trial> trials(const Study& study, std::int64_t from = 0);
  /// Errors    ArgumentError if there is no trial of that number.
  Trial trial(const Study& study, std::int64_t number);

  /// Adds a waiting trial; `proposal` is the cost of proposing it.  False: another process had
  /// already added this number, with its own point, or there is no trial before it: a server that
  /// crashed has lost the latest proposals, some of which the caller may have read.
  bool propose(const Study& study, std::int64_t number, const search::Point& point,
               const std::vector<Value>& proposal = {});
  /// Adds trials that this process ran elsewhere, as in memory, with point, state, values and
  /// error, all at once, in the order of their numbers, after the existing ones.  A missing start
  /// or end time becomes the present time.
  ///
  /// Errors    ArgumentError: a point outside the space, a trial that is not finished or whose
  ///           number is not the next; values that finish() refuses.  Nothing is stored then.
  void add_finished(const Study& study, const std::vector<Trial>& trials);
  /// Gives the waiting trial with the lowest number to the worker, with a new token, until `lease`
  /// seconds after the last claim or beat; empty if none waits.  No two workers get the same trial.
  std::optional<Claim> claim(const Study& study, const WorkerProcess& worker, double lease);
  /// Renews the lease.  False: the claim is lost.
  bool beat(const Claim& claim, double lease);
  /// Errors    ClaimLost.
  void report(const Claim& claim, const Report& report);
  /// Ends the trial: complete, failed or pruned, with its values or `error`.  If the same holder
  /// calls it twice (because it did not receive the answer), it counts once.
  ///
  /// Errors    ClaimLost: nothing is stored.  ArgumentError for a value that check() refuses, for
  ///           two values of the same name and quality, and for a complete trial that does not have
  ///           one available value for each goal.
  void finish(const Study& study, const Claim& claim, State state, std::vector<Value> values,
              const std::string& error = "");
  /// Makes the trial wait again, because its worker was asked to stop.  Errors    ClaimLost.
  void give_back(const Claim& claim);

  /// A trial that was taken from a dead worker.
  struct Reclaimed {
    std::int64_t number = 0;
    std::int64_t crashes = 0;
    bool failed = false;  // this was one crash too many
    WorkerProcess worker;
  };
  /// Takes the running trials of dead workers: those of this machine whose process is gone, and
  /// those whose lease has expired by the database's clock.  They wait again, or have failed after
  /// `most_crashes` such deaths.  `how` says how the worker of that process died, if that is known.
  struct Death {
    WorkerProcess worker;
    std::string how;
  };
  std::vector<Reclaimed> reclaim(const Study& study, std::int64_t most_crashes,
                                 const std::vector<Death>& deaths = {});
  /// Makes failed trials wait again, with no crashes counted.  Returns their number.
  std::int64_t retry_failed(const Study& study);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace joule::study
