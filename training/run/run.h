// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "joule/training/run/summary.h"
#include "joule/training/trainer.h"

namespace joule::training {

/// What to do with a run that the folder holds already.
enum class Existing { refuse, resume, overwrite };

/// How the energy of the run is accounted for.  It decides nothing of what the run computes, so it
/// is no part of its configuration, and is to be given again to resume; but for a budget, which
/// spent.json keeps.
struct RunAccounting {
  Accounting energy;
  Footprint footprint;
};

/// Told of the epochs that are complete (of a long run thinned out, see training/run/history.h),
/// whenever the files that a run is resumed from are written.
using OnCheckpoint = std::function<void(const RunEnergy&)>;

/// Trains as `config` says and writes into `folder` (made if missing):
///
///   config.json              what was asked for
///   metrics.jsonl            one line per epoch, added when it is complete
///   model.safetensors        the net (see save_model) after the last epoch that is complete
///   checkpoint.safetensors   everything else that continues the run, after each epoch and when
///                            stopped
///   running                  which process trains; see FolderLock
///   spent.json               with a budget: what is spent of it, kills included, until the end
///   summary.json             accuracy, densities, work and energy, at the end
///
/// A report.html of an earlier run is removed at the start; `on_checkpoint` may write one.
///
/// Every file but metrics.jsonl is replaced as a whole, and that one only grows, so that a run can
/// be killed at any moment and resumed: the files that it then writes are, times and measured
/// energy excepted, those of a run that was never interrupted.  The keys are in docs/cli.md.
///
/// Until the first step is done, nothing in the folder is changed: what makes a run fail at once
/// harms no file.  The room on the disk is looked for before that.
///
/// Cost      memory, checkpoint and page do not grow with the number of epochs, see
///           training/run/history.h; metrics.jsonl does, and is read once, when the run ends.
/// Returns   nothing if `hooks.stop` or the energy budget ended the run; then the checkpoint holds
///           where.
/// Errors    as FolderLock and check_folder(); ArgumentError if the run had another configuration
///           (resume); TrainingError as Trainer; DataError if a file cannot be read or written.
std::optional<RunResult> run_in_folder(const std::string& folder, const CheckedConfig& config,
                                       Existing existing, const Hooks& hooks = {},
                                       const RunAccounting& accounting = {},
                                       const OnCheckpoint& on_checkpoint = {});

/// Which of the files of a run is there, but for config.json; empty if none is.
std::string file_of_a_run(const std::string& folder);

/// Whether the run in the folder came to its end: there is a summary.json.
bool is_finished(const std::string& folder);

/// Errors    ArgumentError if the folder holds a run, or files of their names that no run made
///           (refuse); DataError if the configuration, or the checkpoint, of its run is missing
///           (resume).
void check_folder(const std::string& folder, Existing existing);

/// The configuration of the run that `folder` holds, if any.
///
/// Errors    DataError if there is one that cannot be read.
std::optional<Config> config_of(const std::string& folder);

}  // namespace joule::training
