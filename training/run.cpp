// SPDX-License-Identifier: MIT
#include "training/run.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/input_file.h"
#include "core/threads.h"
#include "data/atomic_file.h"
#include "data/safetensors.h"

namespace joule::training {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "config.json";
constexpr const char* kMetrics = "metrics.jsonl";
constexpr const char* kCheckpoint = "checkpoint.safetensors";
constexpr const char* kModel = "model.safetensors";
constexpr const char* kSummary = "summary.json";
constexpr const char* kReport = "report.html";
constexpr const char* kRunning = "running";  // there from the start of training to its clean end

std::string in(const std::string& folder, const char* file) {
  return (fs::path(folder) / file).string();
}

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw DataError(str(folder, ": cannot make this folder: ", error.message()));
  if (!fs::is_directory(folder)) throw DataError(str(folder, ": is not a folder"));
}

/// Finds out now that the disk cannot take `bytes` more.
void require_room(const std::string& folder, std::int64_t bytes) {
  const std::string probe = in(folder, "room.tmp");
  const int descriptor = open(probe.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) throw DataError(str(probe, ": cannot be written: ", std::strerror(errno)));
  const int error = posix_fallocate(descriptor, 0, bytes);
  close(descriptor);
  unlink(probe.c_str());
  if (error) {
    throw DataError(str(folder, ": cannot take the ", bytes,
                        " bytes that this run may write: ", std::strerror(error)));
  }
}

/// At most: the checkpoint and its successor with two values kept per weight, and the model;
/// reports and what is known of the epochs.
std::int64_t room_for(const Model& model) {
  std::int64_t bytes = 0;
  for (const auto& [name, tensor] : model.net.state().tensors) {
    bytes += static_cast<std::int64_t>(tensor.bytes());
  }
  return 7 * bytes + (2 << 20);
}

/// Decides what to do with what is there.  Returns whether there is a checkpoint to go on from.
bool settle(const std::string& folder, const Config& config, Existing existing) {
  const std::optional<Config> saved = config_of(folder);
  std::error_code ignored;  // what cannot be seen cannot be written either: found below
  const bool checkpoint = fs::exists(in(folder, kCheckpoint), ignored);
  if (existing == Existing::refuse) {
    require(!saved && !checkpoint, folder,
            ": holds a run already; --resume continues it, --overwrite starts anew");
  }
  if (existing == Existing::resume && saved) {
    const std::string different = differences(*saved, config);
    require(different.empty(), folder, ": this run was started otherwise: ", different);
    return checkpoint;
  }
  return false;
}

void write_checkpoint(const std::string& folder, const Trainer& trainer) {
  save_safetensors(in(folder, kCheckpoint), trainer.state());
  write_file_atomically(in(folder, kMetrics), to_jsonl(trainer.metrics()));
}

void remove(const std::string& folder, const char* file) {
  std::error_code error;
  fs::remove(in(folder, file), error);
  if (error) throw DataError(str(in(folder, file), ": cannot be removed: ", error.message()));
}

/// Whether somebody trains there, or was killed when he did.
bool is_running(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(in(folder, kRunning), ignored);
}

void start(const std::string& folder, const Config& config) {
  for (const char* file : {kReport, kSummary, kModel, kCheckpoint, kMetrics}) remove(folder, file);
  write_file_atomically(in(folder, kConfig), to_json(config));
}

void load_checkpoint(const std::string& folder, Trainer& trainer) {
  const std::string path = in(folder, kCheckpoint);
  try {
    // One that does not say is of a Joule that wrote none but its own layout.
    trainer.load_state(load_safetensors(path, {.layout = WeightLayout::ohwi}));
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  }
  // The checkpoint is the truth: a kill may have come between it and the metrics.
  write_file_atomically(in(folder, kMetrics), to_jsonl(trainer.metrics()));
}

}  // namespace

std::optional<Config> config_of(const std::string& folder) {
  const std::string path = in(folder, kConfig);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  return parse_config(read_file(path), path);
}

std::optional<RunResult> run_in_folder(const std::string& folder, const Config& config,
                                       Existing existing, const Hooks& hooks,
                                       const RunAccounting& accounting,
                                       const OnCheckpoint& on_checkpoint) {
  check(config);
  check(accounting.footprint);
  const bool resume = settle(folder, config, existing);
  if (config.threads > 0) set_num_threads(config.threads);
  Trainer trainer(config, load_dataset(config.data), accounting.energy);
  make_folder(folder);
  require_room(folder, room_for(trainer.model()));
  if (resume) {
    load_checkpoint(folder, trainer);
  } else {
    start(folder, config);
  }
  if (existing == Existing::resume && is_running(folder) && !trainer.finished()) {
    trainer.note_loss();
  }
  write_file_atomically(in(folder, kRunning), "");
  const auto energy = [&] {
    return RunEnergy{.epochs = trainer.metrics(),
                     .lost_after = trainer.lost_after(),
                     .footprint = accounting.footprint};
  };
  while (!trainer.finished()) {
    const bool complete = trainer.run_epoch(hooks);
    write_checkpoint(folder, trainer);
    if (on_checkpoint) on_checkpoint(energy());
    if (!complete) {
      remove(folder, kRunning);
      return std::nullopt;
    }
  }
  RunResult result{.evaluation = trainer.evaluate_now(),
                   .work = trainer.work(),
                   .parameters = trainer.model().net.parameter_count(),
                   .launches = trainer.launches(),
                   .energy = energy()};
  for (const EpochMetrics& m : trainer.metrics()) result.seconds += m.seconds;
  save_model(in(folder, kModel), trainer.model());
  write_file_atomically(in(folder, kSummary), to_json(result));
  remove(folder, kRunning);
  return result;
}

}  // namespace joule::training
