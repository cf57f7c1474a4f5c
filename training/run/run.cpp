// SPDX-License-Identifier: MIT
#include "joule/training/run/run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "joule/core/threads.h"
#include "joule/io/atomic_file.h"
#include "joule/io/input_file.h"
#include "joule/io/json_text.h"
#include "joule/io/safetensors.h"
#include "joule/training/components.h"
#include "joule/training/parallel/same_run.h"
#include "joule/training/run/folder_lock.h"
#include "joule/training/run/history.h"
#include "joule/training/run/metrics_file.h"
#include "joule/training/run/spent_file.h"

namespace joule::training {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "config.json";
constexpr const char* kMetrics = "metrics.jsonl";
constexpr const char* kCheckpoint = "checkpoint.safetensors";
constexpr const char* kModel = "model.safetensors";
constexpr const char* kSummary = "summary.json";
constexpr const char* kReport = "report.html";

std::string in(const std::string& folder, const char* file) {
  return (fs::path(folder) / file).string();
}

bool is_in(const std::string& folder, const char* file) {
  std::error_code ignored;  // what cannot be seen cannot be written either: found later
  return fs::exists(fs::symlink_status(in(folder, file), ignored));
}

/// What a run writes, and when.
struct Room {
  std::int64_t at_once = 0;  // replaced as a whole: old and new are there at the same time
  std::int64_t added = 0;    // by all epochs
};

/// At most.  The checkpoint has two values kept per weight; the page has kMostPoints; each epoch
/// adds a line to metrics.jsonl, and a prediction of each kind to summary.json.
Room room_for(const Trainer& trainer, std::size_t meters) {
  constexpr std::int64_t kEpoch = 8 << 10, kMeter = 2 << 10, kPrediction = 1 << 10;
  constexpr std::int64_t kOther = 2 << 20;  // what depends on layers, options and machine
  const std::int64_t epoch = kEpoch + kMeter * static_cast<std::int64_t>(meters);
  std::int64_t weights = 0;
  for (const auto& [name, tensor] : trainer.model().net.state().tensors) {
    weights += static_cast<std::int64_t>(tensor.bytes());
  }
  constexpr auto kPoints = static_cast<std::int64_t>(kMostPoints);
  const std::int64_t line = epoch + kPrediction, most = INT64_MAX / 4 / line;
  return {.at_once = 2 * (3 + 1) * weights + 2 * (kPoints * epoch + kOther),
          .added = std::min(trainer.config().epochs, most) * line};
}

/// Finds out now that the disk cannot take so many bytes more.
void require_room(const std::string& folder, const Room& room) {
  const auto fail = [&](int reason) {
    throw DataError(str(folder, ": cannot take the ", room.at_once + room.added,
                        " bytes that this run may write: ", std::strerror(reason)));
  };
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (!error && space.available < static_cast<std::uintmax_t>(room.at_once + room.added)) {
    fail(ENOSPC);
  }
  // A quota is not in what the disk says of itself.
  std::string probe = in(folder, "room-XXXXXX");
  const int descriptor = mkostemp(probe.data(), O_CLOEXEC);
  if (descriptor < 0) throw DataError(str(folder, ": cannot be written: ", std::strerror(errno)));
  unlink(probe.c_str());
  const int reason = posix_fallocate(descriptor, 0, room.at_once);
  close(descriptor);
  if (reason) fail(reason);
}

/// Decides what to do with what is there.  Returns whether there is a checkpoint to go on from.
bool settle(const std::string& folder, const Config& config, Existing existing) {
  check_folder(folder, existing);
  if (existing != Existing::resume) return false;
  const std::optional<Config> saved = config_of(folder);
  if (!saved) return false;
  const std::string different = differences(*saved, config);
  const bool longer = config.epochs > saved->epochs;
  require(different.empty(), folder, ": this run was started otherwise: ", different,
          longer ? str("; joule train --weights ", folder, " begins another one with its weights")
                 : "");
  return is_in(folder, kCheckpoint);
}

void remove(const std::string& folder, const char* file) {
  std::error_code error;
  fs::remove(in(folder, file), error);
  if (error) throw DataError(str(in(folder, file), ": cannot be removed: ", error.message()));
}

void start(const std::string& folder, const Config& config) {
  for (const char* file : {kReport, kSummary, kModel, kCheckpoint, kMetrics}) remove(folder, file);
  write_file_atomically(in(folder, kConfig), to_json(config));
}

void save_net(const std::string& folder, Trainer& trainer) {
  trainer.model().epoch = trainer.epoch();
  trainer.model().epochs = trainer.config().epochs;
  save_model(in(folder, kModel), trainer.model());
}

/// The lines of metrics.jsonl come before the checkpoint that covers them, so that it never covers
/// one that is lost.
void write_checkpoint(const std::string& folder, Trainer& trainer, bool epoch_is_complete) {
  if (epoch_is_complete) {
    append_metrics(in(folder, kMetrics), trainer.metrics().back());
    save_net(folder, trainer);
  }
  save_safetensors(in(folder, kCheckpoint), trainer.state());
}

/// `owned`: what metrics.jsonl has behind the checkpoint goes.
void load_checkpoint(const std::string& folder, Trainer& trainer, bool owned) {
  const std::string path = in(folder, kCheckpoint), metrics = in(folder, kMetrics);
  std::int64_t covered = 0;
  try {
    // One that does not say is of a Joule that wrote none but its own layout.
    const State state = load_safetensors(path, {.layout = WeightLayout::ohwi});
    std::vector<EpochMetrics> epochs;
    const auto keep = [&](EpochMetrics epoch) {
      epochs.push_back(std::move(epoch));
      thin_out(epochs);
    };
    covered = read_metrics(metrics, Trainer::epochs_in(state), keep, device(trainer.config()));
    trainer.load_state(state, std::move(epochs));
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  if (owned) cut_metrics(metrics, covered);  // the checkpoint is the truth
}

/// Takes over what earlier attempts at the run have spent, and the budget unless another was given,
/// and writes both down every other second, from when `started` says so on.
Accounting with_spent_file(Accounting accounting, const std::string& folder, Existing existing,
                           const bool& started) {
  const auto before = existing == Existing::resume ? read_spent(folder) : std::nullopt;
  if (before) {
    accounting.spent_before = before->spent;
    if (!accounting.budget) accounting.budget = before->budget;
  }
  if (!accounting.budget) return accounting;
  using Clock = std::chrono::steady_clock;
  accounting.on_spent = [&started, folder, budget = *accounting.budget,
                         next = Clock::time_point()](energy::Joules spent) mutable {
    const auto now = Clock::now();
    if (!started || now < next) return;
    write_spent(folder, {.spent = spent, .budget = budget});
    next = now + std::chrono::seconds(2);
  };
  return accounting;
}

/// The run is over: all of metrics.jsonl.
RunResult result_of(const std::string& folder, Trainer& trainer, const RunAccounting& accounting) {
  RunResult result{
      .evaluation = trainer.evaluate_now(),
      .work = trainer.work(),
      .parameters = trainer.model().net.parameter_count(),
      .launches = trainer.launches(),
      .energy = {.lost_after = trainer.lost_after(), .footprint = accounting.footprint},
      .environment = accounting.environment};
  const auto add = [&](EpochMetrics epoch) {
    result.seconds += epoch.seconds;
    result.energy.epochs.push_back(std::move(epoch));
  };
  read_metrics(in(folder, kMetrics), trainer.epoch(), add, device(trainer.config()));
  return result;
}

/// The files of a run in its folder, and when they are written: by rank 0, which has it locked.
class RunFiles {
 public:
  RunFiles(const std::string& folder, const CheckedConfig& config, Existing existing)
      : folder_(folder), config_(config), existing_(existing), lock_(folder) {}

  /// Whether an earlier training was killed or failed here.
  bool was_left() const { return lock_.was_left(); }
  /// Whether the folder is this run's.
  const bool& started() const { return started_; }
  void go_on() { started_ = true; }
  /// Nothing of an earlier run goes before a step has shown that this one can run.
  void start() {
    if (!std::exchange(started_, true)) {
      training::start(folder_, config_);
      if (existing_ != Existing::resume) remove_spent(folder_);
    }
    lock_.keep();
  }
  void finish(Trainer& trainer, const RunResult& result) {
    save_net(folder_, trainer);
    write_file_atomically(in(folder_, kSummary), to_json(result));
    remove_spent(folder_);
  }
  void release() { lock_.release(); }

 private:
  const std::string& folder_;
  const CheckedConfig& config_;
  Existing existing_;
  FolderLock lock_;
  bool started_ = false;
};

}  // namespace

std::optional<Config> config_of(const std::string& folder) {
  const std::string path = in(folder, kConfig);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  return parse_config(read_file(path), path);
}

std::string file_of_a_run(const std::string& folder) {
  for (const char* file : {kCheckpoint, kModel, kMetrics, kSummary, kReport}) {
    if (is_in(folder, file)) return file;
  }
  return {};
}

bool is_finished(const std::string& folder) { return is_in(folder, kSummary); }

void check_folder(const std::string& folder, Existing existing) {
  if (existing == Existing::overwrite) return;
  const std::string file = file_of_a_run(folder);
  if (is_in(folder, kConfig)) {
    if (existing == Existing::refuse) {
      throw ArgumentError(
          str(folder, ": holds a run already; --resume continues it, --overwrite starts anew"));
    }
    if (!is_in(folder, kCheckpoint) &&
        (is_in(folder, kSummary) || count_lines(in(folder, kMetrics)) > 1)) {
      throw DataError(str(in(folder, kCheckpoint), ": is missing, though ", file,
                          " is there: this run cannot go on; --overwrite starts anew"));
    }
    return;
  }
  if (file.empty()) return;
  if (existing == Existing::refuse) {
    throw ArgumentError(str(folder, ": holds ", file, ", but no run that made it (there is no ",
                            kConfig, "); --overwrite replaces it"));
  }
  throw DataError(str(in(folder, kConfig), ": is missing, though ", file,
                      " is there: it is not known how this run was started; --overwrite starts "
                      "anew"));
}

std::optional<RunResult> run_in_folder(const std::string& folder, const CheckedConfig& config,
                                       Existing existing, const Hooks& hooks,
                                       const RunAccounting& accounting,
                                       const OnCheckpoint& on_checkpoint,
                                       std::shared_ptr<parallel::Communicator> ranks) {
  check(accounting.footprint);
  if (!accounting.environment.empty()) {  // an error now, not after the last epoch
    const std::string fault = fault_of_json(accounting.environment);
    require(fault.empty(), "the environment of a run must be JSON: ", fault);
  }
  require_same_configuration(*ranks, config);
  std::optional<RunFiles> files;  // of rank 0
  if (ranks->rank() == 0) files.emplace(folder, config, existing);
  const bool resume = settle(folder, config, existing);
  if (config->threads > 0) set_num_threads(config->threads);
  if (files && resume) files->go_on();
  const DataSplit data = load_data(*config);
  require_same_data(*ranks, data);
  Trainer trainer(config, data,
                  files ? with_spent_file(accounting.energy, folder, existing, files->started())
                        : accounting.energy,
                  ranks);
  if (files) {
    require_room(folder, room_for(trainer, accounting.energy.metering->meters().size()));
  }
  if (resume) load_checkpoint(folder, trainer, files.has_value());
  if (ranks->size() > 1) require_same_state(*ranks, trainer.state());
  const bool was_left = ranks->any(files && files->was_left());
  if (existing == Existing::resume && was_left && !trainer.finished()) trainer.note_loss();
  Hooks with_start = hooks;
  with_start.on_progress = [&](const Progress& progress) {
    if (files) files->start();
    if (hooks.on_progress) hooks.on_progress(progress);
  };
  while (!trainer.finished()) {
    const bool complete = trainer.run_epoch(with_start);
    if (files) {
      files->start();
      write_checkpoint(folder, trainer, complete);
      if (on_checkpoint) {
        on_checkpoint({.epochs = trainer.metrics(),
                       .lost_after = trainer.lost_after(),
                       .footprint = accounting.footprint});
      }
    }
    if (!complete) {
      if (files) files->release();
      return std::nullopt;
    }
  }
  const Evaluation& evaluation = trainer.evaluate_now();  // by all ranks
  if (!files) return RunResult{.evaluation = evaluation, .work = trainer.work()};
  const RunResult result = result_of(folder, trainer, accounting);
  files->finish(trainer, result);
  files->release();
  return result;
}

}  // namespace joule::training
