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

/// A training run, as recorded in its folder.
struct ComparedRun {
  std::string folder;  // as given
  std::string name;    // the folder without the prefix that all share; unique
  training::Config config;
  std::vector<training::EpochMetrics> epochs;  // those that are complete, at least one
  bool finished = false;
  /// Epochs after which it was killed: what was spent after them is in no figure.
  std::vector<std::int64_t> lost_after{};
  /// Of the process that last wrote its report.html; empty: there is no such page, or it does not
  /// record it.
  std::optional<Pairs> environment{};

  /// What a time or a measured energy depends on: processor, instruction set, number of processors,
  /// device; empty if not recorded.  No file of a run names the machine itself, so two machines of
  /// the same kind count as one.
  std::string machine() const;
};

/// Reads config.json, metrics.jsonl, summary.json and report.html of each folder.
///
/// Errors    ArgumentError: fewer than two folders, or a duplicate.  DataError that names the
///           folder or the file: it does not exist, holds a study or no run, no epoch is complete,
///           a file is damaged, or a finished run has fewer epochs than configured.
std::vector<ComparedRun> read_runs(std::span<const std::string> folders);

}  // namespace joule::report
