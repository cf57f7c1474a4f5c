// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "joule/report/figures.h"
#include "joule/training/config.h"
#include "joule/training/run/metrics.h"

namespace joule::report {

/// A training run, as far as the files of its folder tell.
struct ComparedRun {
  std::string folder;  // as it was given
  std::string name;    // the folder without what all have in front; unique among those compared
  training::Config config;
  std::vector<training::EpochMetrics> epochs;  // those that are complete, at least one
  bool finished = false;
  /// Epochs after which it was killed: what it had spent since then is in no figure.
  std::vector<std::int64_t> lost_after{};
  /// Of the process that wrote its report.html last; none: there is no such page, or it does not
  /// say.
  std::optional<Pairs> environment{};

  /// What a time or a measured energy depends on: processor, instruction set, number of processors,
  /// device; empty if it is not recorded.  No file of a run names the machine itself, so two of the
  /// same kind are one here.
  std::string machine() const;
};

/// Reads config.json, metrics.jsonl, summary.json and report.html of each folder.
///
/// Errors    ArgumentError: fewer than two folders, or the same one twice.  DataError that names
///           the folder or the file: it is not there, holds a study or no run, no epoch is
///           complete, a file is damaged, or a finished run has not as many epochs as it was to
///           have.
std::vector<ComparedRun> read_runs(std::span<const std::string> folders);

}  // namespace joule::report
