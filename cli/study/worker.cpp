// SPDX-License-Identifier: MIT
#include "joule/study/worker.h"

#include <fmt/format.h>

#include <memory>

#include "joule/cli/study/study.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/study_progress.h"
#include "joule/core/error.h"
#include "joule/study/kinds.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule study worker --storage postgresql://me@db.example/studies --study eat
      runs trials of a study that another machine has started, until there are
      none left
  srun joule study worker --storage postgresql://me@db/studies --study eat \
      --out "$SCRATCH/eat"
      one per task of a Slurm job, with the checkpoints where the next job finds
      them (docs/study_engine.md))";

struct Options {
  std::string storage, study;
  study::WorkerOptions worker;
  bool quiet = false;
};

study::WorkerHooks hooks_of(const Options& options, const Interrupt& interrupt) {
  study::WorkerHooks hooks;
  hooks.stop = [&interrupt] { return interrupt.requested(); };
  hooks.on_lost = [](const study::Trial&, const std::string& why) {
    fmt::print(stderr, "{}\n", why);
  };
  if (options.quiet) return hooks;
  hooks.on_start = [](const study::Trial& trial) {
    fmt::print("trial {} begins: {}\n", trial.number, line_of(trial.point));
    std::fflush(stdout);
  };
  hooks.on_end = [](const study::Trial& trial) {
    fmt::print("{}\n", line_of(trial));
    std::fflush(stdout);
  };
  return hooks;
}

int work(const Options& options) {
  require(!options.storage.empty() || !options.worker.folder.empty(),
          "joule study worker needs --storage URL or --out DIR");
  const study::Location location = options.storage.empty()
                                       ? study::Location{options.worker.folder + "/study.db"}
                                       : study::location_at(options.storage);
  const Interrupt interrupt;
  std::string name = options.study;
  study::Objective objective;
  study::WorkerOptions worker = options.worker;
  {
    study::Storage storage(location, study::Storage::Missing::refuse);
    const auto how = [&](const std::string& one) {
      return str("joule study worker --storage ", location.shown(), " --study ", one);
    };
    const study::Study study = name.empty() ? only_study(storage, how) : storage.study(name);
    name = study.definition.name;
    const study::Kind& kind = study::kind_of(study.definition.kind);
    objective = kind.make(study.definition);
    if (kind.meters) worker.proposal_meters = kind.meters(study.definition);
  }
  const study::WorkEnd end =
      study::work(location, name, objective, worker, hooks_of(options, interrupt));
  if (end == study::WorkEnd::done) return 0;
  fmt::print(stderr, "joule: {}\n",
             end == study::WorkEnd::budget
                 ? "the energy budget of the study is spent"
                 : "interrupted; the trial that ran was given back to the study");
  return kInterrupted;
}

}  // namespace

void add_study_worker(Command& study, Run& run) {
  Command* const command =
      study.add_subcommand("worker", "Run trials of a study, on this machine or another one");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  study::WorkerOptions& worker = options->worker;
  add_option(
      *command, "--storage", options->storage,
      "Database of the study: postgresql://user@host/database, an SQLite file, or its folder "
      "(default: DIR/study.db)")
      ->type_name("URL");
  add_option(*command, "--study", options->study, "Name of the study (default: the only one there)")
      ->type_name("NAME");
  add_option(*command, "--out", worker.folder,
             "Folder for the trials' checkpoints, in DIR/trials (default: a temporary folder)")
      ->type_name("DIR");
  add_option(*command, "--threads", worker.threads, "Threads of each trial; 0: one per core")
      ->capture_default_str();
  add_option(*command, "--heartbeat", worker.heartbeat,
             "Seconds between heartbeats; after six missed ones another worker takes the trial")
      ->capture_default_str();
  add_option(*command, "--crashes", worker.most_crashes,
             "A trial fails once this many workers have died while running it")
      ->capture_default_str();
  command->add_flag("--keep-runs", worker.keep_runs, "Keep the folders of complete trials");
  command->add_flag("--quiet", options->quiet, "Print nothing but errors");
  command->callback([options, &run] { run = [options] { return work(*options); }; });
}

}  // namespace joule::cli
