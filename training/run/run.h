// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "joule/parallel/communicator.h"
#include "joule/training/run/summary.h"
#include "joule/training/trainer.h"

namespace joule::training {

/// What to do if the folder already holds a run.
enum class Existing { refuse, resume, overwrite };

/// How the energy of the run is accounted for.  It does not affect what the run computes, so it is
/// not part of the configuration, and must be given again to resume; except for a budget, which
/// spent.json keeps.
struct RunAccounting {
  Accounting energy;
  Footprint footprint;
  /// Where and with what it runs, as JSON for summary.json; empty: not told.
  std::string environment{};
};

/// Called with the complete epochs (thinned out for a long run, see training/run/history.h)
/// whenever the files for resuming a run are written.
using OnCheckpoint = std::function<void(const RunEnergy&)>;

/// Trains as `config` says and writes into `folder` (created if missing):
///
///   config.json              the configuration
///   metrics.jsonl            one line per epoch, appended when it is complete
///   model.safetensors        the net (see save_model()) after the last complete epoch
///   checkpoint.safetensors   everything else needed to continue, after each epoch and when
///                            stopped
///   running                  the process that trains; see FolderLock
///   spent.json               with a budget: what is spent of it, kills included, until the end
///   summary.json             accuracy, densities, work and energy, at the end
///
/// Removes the report.html of an earlier run at the start; `on_checkpoint` may write a new one.
///
/// Every file but metrics.jsonl is replaced as a whole, and that one only grows.  So a run can be
/// killed at any moment and resumed; its files then are, except for times and measured energy,
/// those of a run that was never interrupted.  The keys are in docs/cli.md.
///
/// Nothing in the folder changes before the first step is done, so a run that fails at once harms
/// no file.  Before that, the free disk space is checked.
///
/// Cost      memory, checkpoint and page do not grow with the number of epochs (see
///           training/run/history.h); metrics.jsonl does, and is read once, when the run ends.
/// Processes that train together (`ranks`) all call this with the same arguments; rank 0 alone
/// writes, and is told of checkpoints.  To resume, all must see the folder.  The number of
/// processes may be another one than before.
///
/// Returns   nothing if `hooks.stop` or the energy budget ended the run, on any rank; the
/// checkpoint
///           then holds the position.
/// Errors    as FolderLock and check_folder(); ArgumentError if the run had another configuration
///           (resume), or the environment is not JSON, or the ranks differ (see
///           training/parallel/same_run.h); TrainingError as Trainer; DataError if a file cannot be
///           read or written.
std::optional<RunResult> run_in_folder(
    const std::string& folder, const CheckedConfig& config, Existing existing,
    const Hooks& hooks = {}, const RunAccounting& accounting = {},
    const OnCheckpoint& on_checkpoint = {},
    std::shared_ptr<parallel::Communicator> ranks = parallel::alone());

/// The name of a run's file, other than config.json, that is in the folder; empty if there is none.
std::string file_of_a_run(const std::string& folder);

/// Whether the run in the folder is finished: there is a summary.json.
bool is_finished(const std::string& folder);

/// Errors    ArgumentError if the folder holds a run, or files of the same names that no run wrote
///           (refuse); DataError if the configuration or the checkpoint of its run is missing
///           (resume).
void check_folder(const std::string& folder, Existing existing);

/// The configuration of the run that `folder` holds, if any.
///
/// Errors    DataError if there is one but it cannot be read.
std::optional<Config> config_of(const std::string& folder);

}  // namespace joule::training
