// SPDX-License-Identifier: MIT
#include "joule/study/worker.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "joule/core/error.h"
#include "joule/core/system/start_thread.h"
#include "joule/core/threads.h"
#include "joule/study/budget.h"
#include "joule/study/kinds.h"
#include "joule/study/workers/known_trials.h"
#include "joule/study/workers/proposal_meter.h"
#include "joule/study/workers/trial_folder.h"

namespace joule::study {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWait = 0.1;  // seconds between two looks at what others do

/// Tells the storage that this worker lives, by a thread and a connection of its own, as long as
/// there is a claim.
class Heart {
 public:
  Heart(const Location& location, double interval)
      : location_(location),
        interval_(interval),
        thread_(start_thread<std::thread>("tells the storage that this worker lives",
                                          [this] { run(); })) {}
  ~Heart() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Heart(const Heart&) = delete;
  Heart& operator=(const Heart&) = delete;

  void beat_for(const Claim& claim) {
    const std::lock_guard lock(mutex_);
    claim_ = claim;
    ++claims_;
    lost_ = false;
  }
  void rest() {
    const std::lock_guard lock(mutex_);
    claim_.reset();
  }
  /// Whether the claim was found to be another's.
  bool lost() const { return lost_; }

 private:
  void run() {
    std::optional<Storage> storage;
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait_for(lock, std::chrono::duration<double>(interval_), [&] { return ended_; });
      if (ended_) return;
      if (!claim_) continue;
      const Claim claim = *claim_;
      const std::int64_t of = claims_;
      lock.unlock();
      bool alive = true;
      try {
        if (!storage) storage.emplace(location_, Storage::Missing::refuse);
        alive = storage->beat(claim, kLostBeats * interval_);
      } catch (const std::exception&) {
        // The trial goes on: a database that is back in time has missed nothing, and what it may
        // refuse is the result.
        storage.reset();
      }
      lock.lock();
      // By its count: a claim that a crashed server forgot is made again with the same token.
      if (!alive && claim_ && claims_ == of) lost_ = true;
    }
  }

  Location location_;
  double interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Claim> claim_;
  std::int64_t claims_ = 0;
  bool ended_ = false;
  std::atomic<bool> lost_ = false;
  std::thread thread_;
};

/// What the objective of a claimed trial is given.
class Context final : public TrialContext {
 public:
  struct Of {
    Storage& storage;
    const Study& study;
    const Heart& heart;
    const WorkerHooks& hooks;
    KnownTrials& known;
    const TrialFolders& folders;
    int threads;
  };
  Context(const Of& of, const Claim& claim) : of_(of), claim_(claim) {}

  int threads() const override { return of_.threads; }
  const std::string& folder() const override {
    if (!folder_)
      folder_ = of_.folders.open(claim_.trial);  // to make one costs as much as a result
    return folder_->path();
  }
  /// The trial has ended.
  void close_folder(State state) {
    if (folder_) folder_->close(state);
  }

  bool stop() override {
    interrupted_ = interrupted_ || (of_.hooks.stop && of_.hooks.stop());
    return interrupted_ || over_budget_ || fault_ || of_.heart.lost();
  }

  void report(std::int64_t epoch, std::vector<Value> values) override {
    const Report report{epoch, std::move(values)};
    try {
      of_.storage.report(claim_, report);
      if (of_.study.definition.energy_budget) {
        of_.known.update(of_.storage, of_.study);
        over_budget_ = over_budget(of_.study, of_.known.trials());
      }
    } catch (const ArgumentError&) {
      throw;
    } catch (const std::exception&) {
      fault_ = std::current_exception();  // not the objective's, whatever it makes of it
      throw;
    }
    if (of_.hooks.on_report) of_.hooks.on_report(claim_.trial, report);
  }

  bool prune() override {
    const StudyDefinition& d = of_.study.definition;
    if (d.pruner.name == "none") return false;
    try {
      of_.known.update(of_.storage, of_.study);
    } catch (const std::exception&) {
      fault_ = std::current_exception();
      throw;
    }
    search::Curve own;
    std::vector<search::Curve> others;
    for (const Trial& trial : of_.known.trials()) {
      if (trial.number == claim_.trial.number) {
        own = curve_of(d, trial);
      } else {
        others.push_back(curve_of(d, trial));
      }
    }
    return !own.values.empty() && search::prune(d.pruner, d.goals[0].direction, own, others);
  }

  MeterLock lock_meters(std::vector<std::string> meters) override {
    require(!locked_, "a trial locks its meters once");
    locked_ = true;
    auto lock = MeterLock::wait(std::move(meters), [this] { return stop(); });
    if (!lock) throw Interrupted();
    return std::move(*lock);
  }

  /// Of the storage; null if it did what it was asked for.
  const std::exception_ptr& fault() const { return fault_; }

 private:
  Of of_;
  const Claim& claim_;
  mutable std::optional<TrialFolder> folder_;
  bool interrupted_ = false, over_budget_ = false, locked_ = false;
  std::exception_ptr fault_;
};

/// How a trial ended, before it is stored.
struct Outcome {
  std::optional<State> state;  // none: it was interrupted
  std::vector<Value> values{};
  std::string error{};
};

Outcome run_objective(const Objective& objective, const Trial& trial, Context& context) {
  Outcome outcome;
  try {
    outcome = {State::complete, objective(trial, context)};
  } catch (const Interrupted&) {
    if (!context.stop()) {
      outcome = {State::failed, {}, "it stopped as if interrupted, which it was not"};
    }
  } catch (const Pruned& pruned) {
    outcome = {State::pruned, pruned.values, pruned.reason};
  } catch (const std::exception& error) {
    outcome = {State::failed, {}, error.what()};
  }
  if (context.fault()) std::rethrow_exception(context.fault());
  return outcome;
}

/// The loop of a worker.
class Worker {
 public:
  Worker(const Location& location, const std::string& study, const Objective& objective,
         const WorkerOptions& options, const WorkerHooks& hooks)
      : storage_(location, Storage::Missing::refuse),
        study_(storage_.study(study)),
        propose_(proposer_of(study_)),
        objective_(objective),
        options_(options),
        hooks_(hooks),
        folders_(options.folder, options.keep_runs),
        proposal_meter_(options.proposal_meters),
        heart_(location, options.heartbeat) {}

  WorkEnd run() {
    for (;;) {
      if (hooks_.stop && hooks_.stop()) return WorkEnd::interrupted;
      known_.update(storage_, study_);
      if (known_.any(State::running) && !storage_.reclaim(study_, options_.most_crashes).empty()) {
        continue;
      }
      if (over_budget(study_, known_.trials())) return WorkEnd::budget;
      if (!known_.any(State::waiting) && !propose_next()) {
        if (known_.all_finished()) return WorkEnd::done;
        // Others run trials that the next proposals wait for, or the last ones, of which they may
        // die.
        std::this_thread::sleep_for(
            std::chrono::duration<double>(std::min(kWait, options_.heartbeat)));
        continue;
      }
      const auto claim = storage_.claim(study_, self_, kLostBeats * options_.heartbeat);
      if (claim) run_trial(*claim);
    }
  }

 private:
  /// False: there are no more.
  bool propose_next() {
    const std::int64_t next = known_.next();
    std::optional<search::Point> point;
    const auto ask = [&] { point = propose_(known_.trials(), next); };
    std::vector<Value> proposal;
    if (next < std::ssize(study_.definition.fixed) || study_.definition.sampler.empty()) {
      ask();
    } else {
      proposal = proposal_meter_.measure(ask);
    }
    if (point) storage_.propose(study_, next, *point, proposal);
    return point.has_value();
  }

  void run_trial(const Claim& claim) {
    heart_.beat_for(claim);
    if (hooks_.on_start) hooks_.on_start(claim.trial);
    Context context({storage_, study_, heart_, hooks_, known_, folders_, options_.threads}, claim);
    try {
      Outcome outcome = run_objective(objective_, claim.trial, context);
      store(claim, outcome);
      if (outcome.state) context.close_folder(*outcome.state);
    } catch (const ClaimLost& lost) {
      if (hooks_.on_lost) hooks_.on_lost(claim.trial, lost.what());
    }
    heart_.rest();
  }

  void store(const Claim& claim, Outcome& outcome) {
    if (!outcome.state) {
      storage_.give_back(claim);
      return;
    }
    try {
      storage_.finish(study_, claim, *outcome.state, outcome.values, outcome.error);
    } catch (const ArgumentError& error) {  // values that no table can hold
      outcome = {State::failed, {}, error.what()};
      storage_.finish(study_, claim, *outcome.state, {}, outcome.error);
    }
    if (!hooks_.on_end) return;
    Trial trial = claim.trial;
    trial.state = *outcome.state;
    trial.values = std::move(outcome.values);
    trial.error = std::move(outcome.error);
    hooks_.on_end(trial);
  }

  Storage storage_;
  Study study_;
  Proposer propose_;
  const Objective& objective_;
  WorkerOptions options_;
  const WorkerHooks& hooks_;
  WorkerProcess self_ = this_process();
  TrialFolders folders_;
  KnownTrials known_;
  ProposalMeter proposal_meter_;
  Heart heart_;
};

}  // namespace

WorkEnd work(const Location& location, const std::string& study, const Objective& objective,
             const WorkerOptions& options, const WorkerHooks& hooks) {
  require(options.heartbeat > 0 && options.heartbeat <= 3600,
          "the heartbeat: expected up to 3600 seconds, got ", options.heartbeat);
  require(options.most_crashes >= 1, "crashes: expected at least 1, got ", options.most_crashes);
  WorkerOptions known = options;
  if (known.threads > 0) set_num_threads(known.threads);
  known.threads = num_threads();
  return Worker(location, study, objective, known, hooks).run();
}

}  // namespace joule::study
