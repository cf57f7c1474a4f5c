// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "training/summary.h"
#include "training/trainer.h"

namespace joule::training {

/// What to do with a run that the folder holds already.
enum class Existing { refuse, resume, overwrite };

/// How the energy of the run is accounted for.  It decides nothing of what the run computes, so it
/// is no part of its configuration, and is to be given again to resume.
struct RunAccounting {
  Accounting energy;
  Footprint footprint;
};

/// Told of the epochs that are complete, whenever the files that a run is resumed from are written.
using OnCheckpoint = std::function<void(const RunEnergy&)>;

/// Trains as `config` says and writes into `folder` (made if missing):
///
///   config.json              what was asked for
///   metrics.jsonl            one line per epoch
///   checkpoint.safetensors   everything that continues the run, after each epoch and when stopped
///   model.safetensors        the trained net (see save_model), at the end
///   running                  empty; there while it trains, and after it was killed
///   summary.json             accuracy, densities, work and energy, at the end
///
/// A report.html of an earlier run is removed at the start; `on_checkpoint` may write one.
///
/// Every file is replaced as a whole, so that a run can be killed at any moment and resumed: the
/// files that it then writes are, times and measured energy excepted, those of a run that was never
/// interrupted.  The
/// keys are in docs/cli.md.  The room on the disk is reserved before training starts.
///
/// Returns   nothing if `hooks.stop` or the energy budget ended the run; then the checkpoint holds
///           where.
/// Errors    ArgumentError if there is a run already (refuse), or it had another configuration
///           (resume); TrainingError as Trainer; DataError if a file cannot be read or written.
std::optional<RunResult> run_in_folder(const std::string& folder, const Config& config,
                                       Existing existing, const Hooks& hooks = {},
                                       const RunAccounting& accounting = {},
                                       const OnCheckpoint& on_checkpoint = {});

/// The configuration of the run that `folder` holds, if any.
///
/// Errors    DataError if there is one that cannot be read.
std::optional<Config> config_of(const std::string& folder);

}  // namespace joule::training
