// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "joule/study/trial.h"
#include "joule/study/workers/meter_lock.h"

namespace joule::study {

/// What an objective is given beside the trial.
class TrialContext {
 public:
  virtual ~TrialContext() = default;

  /// The trial's share of the processors; set_num_threads() was called with it.
  virtual int threads() const = 0;

  /// A folder of this trial's own, made by the first call: for checkpoints, and for what is kept.
  /// A trial that was interrupted on this machine finds in it what it left.  Removed when the trial
  /// is complete, unless the runs are to be kept.
  virtual const std::string& folder() const = 0;

  /// Whether to stop: the study was interrupted, its energy budget is spent, or the trial was given
  /// to another worker.  Costs nothing; to be asked after every step.  Then save what is needed to
  /// go on, and throw Interrupted.
  virtual bool stop() = 0;

  /// Stores the values after an epoch (from 1), at once; a later call for that epoch or an earlier
  /// one replaces all from there on.  A value kEnergy is what the trial has spent so far.
  ///
  /// Errors    ArgumentError for a value that check() refuses.  What the storage throws is to be
  ///           let through.
  virtual void report(std::int64_t epoch, std::vector<Value> values) = 0;

  /// Whether the study's pruner gives the trial up, after what it has reported of the study's goal
  /// (a value of that name; of what was reported without one nothing is said).  Then throw Pruned.
  ///
  /// Cost      reads the study's trials.
  /// Errors    what the storage throws, which is to be let through.
  virtual bool prune() = 0;

  /// Waits until no other trial of any study on this machine holds one of these meters (the ids of
  /// energy::MeterInfo), and keeps them until the lock is destroyed.  Call it before the first
  /// reading, once in a trial.  It keeps other measuring trials away, not those that only compute:
  /// a study that measures what it computes on takes one worker.
  ///
  /// Errors    Interrupted if stop() becomes true meanwhile; ArgumentError if this trial has called
  ///           it before.
  virtual MeterLock lock_meters(std::vector<std::string> meters) = 0;
};

/// Trains, or whatever the study is about, and measures: the values of the trial.  Among them is
/// one available value for each goal of the study.
///
/// What it throws ends the trial: Interrupted gives it back to the study, Pruned ends it early,
/// anything else that derives from std::exception makes it `failed` with that text; the study goes
/// on.  One that kills the process costs the trial an attempt (WorkerOptions::most_crashes).
using Objective = std::function<std::vector<Value>(const Trial&, TrialContext&)>;

/// Thrown by an objective that stopped because TrialContext::stop() said so.
struct Interrupted {};

/// Thrown by an objective that gives a point up: it is not worth going on with.
struct Pruned {
  std::string reason;
  std::vector<Value> values{};  // what is known of it; goals may be missing
};

}  // namespace joule::study
