// SPDX-License-Identifier: MIT
#include "joule/study/runner.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include "joule/core/error.h"
#include "joule/core/system/processors.h"
#include "joule/io/atomic_file.h"
#include "joule/measure/environment.h"
#include "joule/study/budget.h"
#include "joule/study/export.h"
#include "joule/study/kinds.h"
#include "joule/study/progress.h"
#include "joule/study/workers/known_trials.h"
#include "joule/study/workers/worker_pool.h"

namespace joule::study {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kInterruptedCode = 130;
constexpr std::chrono::seconds kBetweenLooks(1);
/// Workers that were killed one after the other, without a trial that they could have died of.
constexpr int kMostIdleDeaths = 10;

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::vector<std::string> command_of(const RunOptions& options, const Location& location,
                                    const std::string& study) {
  const int threads =
      options.threads > 0 ? options.threads : std::max(1, usable_processors() / options.workers);
  std::vector<std::string> command = options.worker_command;
  command.insert(command.end(), {"--storage", location.url, "--study", study, "--threads",
                                 str(threads), "--heartbeat", str(options.heartbeat), "--crashes",
                                 str(options.most_crashes), "--quiet"});
  if (!options.folder.empty()) command.insert(command.end(), {"--out", options.folder});
  if (options.keep_runs) command.emplace_back("--keep-runs");
  return command;
}

/// The error that ended a worker, as what it was there.
[[noreturn]] void rethrow(const WorkerPool::Ended& ended) {
  constexpr std::string_view kPrefix = "joule: ";
  std::string what = ended.said;
  if (what.starts_with(kPrefix)) what.erase(0, kPrefix.size());
  if (ended.killed || what.empty()) what = "a worker of the study was " + ended.how();
  switch (ended.killed ? 0 : ended.exit_code) {
    case 2:
      throw ArgumentError(what);
    case 3:
      throw DataError(what);
    case 4:
      throw DeviceError(what);
    default:
      throw std::runtime_error(what);
  }
}

/// Starts the workers, replaces those that die, and watches the study until it ends.
class Supervisor {
 public:
  Supervisor(Storage& storage, const Study& study, const RunOptions& options, const RunHooks& hooks)
      : storage_(storage),
        study_(study),
        propose_(proposer_of(study)),
        options_(options),
        hooks_(hooks),
        pool_(command_of(options, storage.location(), study.definition.name)) {
    known_.update(storage_, study_);
    for (const Trial& trial : known_.trials()) {
      if (is_finished(trial.state)) told_.insert(trial.number);
    }
  }

  WorkEnd run() {
    if (!is_done()) {
      for (int i = 0; i < options_.workers; ++i) pool_.start();
    }
    while (pool_.running() > 0) {
      if (!stopping_ && hooks_.stop && hooks_.stop()) stop();
      pool_.wait(200, [this](const WorkerPool::Ended& ended) { handle(ended); });
      if (Clock::now() >= next_look_) look();
    }
    look();
    if (fatal_) rethrow(*fatal_);
    if (is_done()) return WorkEnd::done;
    return over_budget(study_, known_.trials()) ? WorkEnd::budget : WorkEnd::interrupted;
  }

  const std::vector<Trial>& trials() const { return known_.trials(); }

 private:
  bool is_done() const {
    return known_.all_finished() && !propose_(known_.trials(), known_.next());
  }

  void stop() {
    stopping_ = true;
    pool_.stop();
  }

  void handle(const WorkerPool::Ended& ended) {
    if (!ended.killed && (ended.exit_code == 0 || ended.exit_code == kInterruptedCode)) return;
    const auto reclaimed =
        storage_.reclaim(study_, options_.most_crashes, {{ended.worker, ended.how()}});
    const auto its = std::ranges::find(reclaimed, ended.worker, &Storage::Reclaimed::worker);
    if (its == reclaimed.end()) {
      // It ran nothing that could be blamed.  Of its own error another one would end, too; a kill
      // may have come from outside, between two trials.
      if (stopping_) return;
      if (ended.killed && ++idle_deaths_ < kMostIdleDeaths) {
        pool_.start();
      } else {
        fatal_ = ended;
        stop();
      }
      return;
    }
    idle_deaths_ = 0;
    if (hooks_.on_event) {
      hooks_.on_event(str("trial ", its->number, ": its worker was ", ended.how(),
                          its->failed ? str("; it has failed, after ", its->crashes, " of them")
                                      : "; it is tried again"));
    }
    if (!stopping_) pool_.start();
  }

  void look() {
    next_look_ = Clock::now() + kBetweenLooks;
    known_.update(storage_, study_);
    for (const Trial& trial : known_.trials()) {
      if (is_finished(trial.state) && told_.insert(trial.number).second && hooks_.on_end) {
        hooks_.on_end(trial);
      }
    }
    if (hooks_.on_progress) {
      hooks_.on_progress(progress(study_, known_.trials(), options_.workers, seconds_since_1970()));
    }
  }

  Storage& storage_;
  const Study& study_;
  Proposer propose_;
  const RunOptions& options_;
  const RunHooks& hooks_;
  KnownTrials known_;
  std::set<std::int64_t> told_;  // finished before this run, or told of
  Clock::time_point next_look_ = Clock::now() + kBetweenLooks;
  bool stopping_ = false;
  int idle_deaths_ = 0;
  std::optional<WorkerPool::Ended> fatal_;  // what makes the run end
  WorkerPool pool_;
};

std::string why(WorkEnd end, const Study& study, const std::vector<Trial>& trials) {
  if (end == WorkEnd::done) return "";
  if (end == WorkEnd::interrupted) return "interrupted";
  const Spent sum = spent(trials);
  return str("the energy budget of ", *study.definition.energy_budget, " is spent: ", *sum.energy,
             ", ", name(sum.quality),
             sum.without > 0 ? str(", without those of ", sum.without, " failed trials") : "");
}

}  // namespace

std::int64_t StudyResult::failed() const {
  return std::ranges::count(trials, State::failed, &Trial::state);
}

Location location_of(const RunOptions& options) {
  require(!options.folder.empty() || !options.storage.empty(),
          "a study needs a folder or a storage");
  if (!options.folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error) {
      throw DataError(options.folder + ": cannot make this folder: " + error.message());
    }
  }
  return options.storage.empty() ? Location{options.folder + "/study.db"}
                                 : location_at(options.storage);
}

StudyResult run_study(const StudyDefinition& definition, const RunOptions& options,
                      const RunHooks& hooks) {
  check(definition);
  require(options.workers >= 1 && options.workers <= 1024, "workers: expected 1 to 1024, got ",
          options.workers);
  require(!options.worker_command.empty(), "there is no program that is a worker");
  Storage storage(location_of(options));
  const Study study = storage.make_study(definition, measure::summary(measure::environment()));
  if (options.retry_failed) storage.retry_failed(study);
  if (!options.folder.empty()) {
    write_file_atomically(options.folder + "/config.json", definition_json(study));
  }
  Supervisor supervisor(storage, study, options, hooks);
  const WorkEnd end = supervisor.run();
  StudyResult result{study, supervisor.trials(), end, why(end, study, supervisor.trials())};
  if (!options.folder.empty()) {
    write_file_atomically(options.folder + "/trials.csv", trials_csv(study, result.trials));
  }
  return result;
}

}  // namespace joule::study
