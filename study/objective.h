// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "joule/study/trial.h"
#include "joule/study/workers/meter_lock.h"

namespace joule::study {

/// What an objective receives besides the trial.
class TrialContext {
 public:
  virtual ~TrialContext() = default;

  /// The trial's share of the processors; set_num_threads() was called with it.
  virtual int threads() const = 0;

  /// This trial's own folder, created at the first call: for checkpoints, and for what is to be
  /// kept.  A trial that was interrupted on this machine finds its files in it again.  Removed when
  /// the trial is complete, unless runs are to be kept.
  virtual const std::string& folder() const = 0;

  /// Whether to stop: the study was interrupted, its energy budget is spent, or the trial was given
  /// to another worker.  Cheap; call it after every step.  If true, save what is needed to
  /// continue, and throw Interrupted.
  virtual bool stop() = 0;

  /// Stores the values after an epoch (from 1) immediately; a later call for the same or an earlier
  /// epoch replaces everything from there on.  A value kEnergy is what the trial has spent so far.
  ///
  /// Errors    ArgumentError for a value that check() refuses.  Do not catch what the storage
  ///           throws.
  virtual void report(std::int64_t epoch, std::vector<Value> values) = 0;

  /// Whether the study's pruner gives up the trial, by what it has reported of the study's goal (a
  /// value of that name; reports without it are ignored).  If true, throw Pruned.
  ///
  /// Cost      reads the study's trials.
  /// Errors    what the storage throws; do not catch it.
  virtual bool prune() = 0;

  /// Waits until no other trial of any study on this machine holds one of these meters (the ids of
  /// energy::MeterInfo), and keeps them until the lock is destroyed.  Call it once per trial,
  /// before the first reading.  It excludes other measuring trials, not those that only compute: a
  /// study that measures the device that it computes on needs a single worker.
  ///
  /// Errors    Interrupted if stop() becomes true meanwhile; ArgumentError if this trial has called
  ///           it before.
  virtual MeterLock lock_meters(std::vector<std::string> meters) = 0;
};

/// Does the trial's work (training, say), measures, and returns the values of the trial, among them
/// one available value for each goal of the study.
///
/// What it throws ends the trial: Interrupted gives it back to the study, Pruned ends it early, any
/// other std::exception makes it `failed` with that message; the study continues.  If the process
/// is killed, that costs the trial an attempt (WorkerOptions::most_crashes).
using Objective = std::function<std::vector<Value>(const Trial&, TrialContext&)>;

/// Thrown by an objective that stopped because TrialContext::stop() returned true.
struct Interrupted {};

/// Thrown by an objective that gives up a point as unpromising.
struct Pruned {
  std::string reason;
  std::vector<Value> values{};  // what is known of it; goals may be missing
};

}  // namespace joule::study
