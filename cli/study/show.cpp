// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "joule/cli/study/study.h"
#include "joule/cli/terminal/study_progress.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/report/text_layout.h"
#include "joule/study/budget.h"
#include "joule/study/export.h"
#include "joule/study/progress.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule study show runs/eat
      what the study is, and a line per trial
  joule study show runs/eat --trial 7
      everything that is known of one
  joule study show eat --storage postgresql://me@db.example/studies)";

void print_study(const study::Study& study, const std::vector<study::Trial>& trials) {
  const study::StudyDefinition& d = study.definition;
  fmt::print("study {} of the kind {}, made {} on {} by Joule {}\n", d.name, d.kind,
             study::utc(study.origin.created), study.origin.host, study.origin.joule);
  fmt::print("machine: {}\n", study.origin.machine);
  for (const study::Goal& goal : d.goals) {
    fmt::print("{} {}{}\n", name(goal.direction), goal.value,
               goal.limit ? fmt::format(", to the limit of {}", *goal.limit) : "");
  }
  fmt::print("points: {} fixed{}, seed {}\n", d.fixed.size(),
             d.sampler.empty() ? "" : ", then sampler " + d.sampler, d.seed);
  if (d.pruner.name != "none") fmt::print("pruner: {}\n", d.pruner.name);
  const study::StudyProgress p = progress(study, trials, 1, 0);
  fmt::print("trials: {} complete or pruned, {} failed, {} running{}\n", p.done, p.failed,
             p.running.size(), p.of ? fmt::format(", of {}", *p.of) : "");
  const study::Spent sum = study::spent(trials);
  if (sum.energy) {
    fmt::print("energy: {}, {}\n", str(*sum.energy), name(sum.quality));
  } else {
    fmt::print("energy: unavailable ({})\n", sum.reason);
  }
}

void print_trial(const study::Trial& trial) {
  fmt::print("trial {}: {}\n", trial.number, name(trial.state));
  if (!trial.error.empty()) fmt::print("error: {}\n", trial.error);
  fmt::print("point: {}\n", line_of(trial.point));
  fmt::print("seed: {}\n", trial.seed);
  if (trial.started) fmt::print("started: {}\n", study::utc(*trial.started));
  if (trial.ended) fmt::print("ended: {}\n", study::utc(*trial.ended));
  if (!trial.worker.empty()) fmt::print("worker: {}\n", trial.worker);
  fmt::print("attempts: {}, of which {} ended with the death of their worker\n", trial.token,
             trial.crashes);
  for (const study::Value& value : trial.proposal) {
    fmt::print("{}: {}\n", value.name, shown(value));
  }
  for (const study::Value& value : trial.values) {
    fmt::print("{}: {}{}\n", value.name, shown(value),
               value.source.empty() ? "" : ", " + value.source);
  }
  for (const study::Report& report : trial.reports) {
    fmt::print("epoch {}:", report.epoch);
    for (const study::Value& value : report.values) {
      fmt::print("  {} {}", value.name, shown(value));
    }
    fmt::print("\n");
  }
}

int show(const WhichStudy& which, std::optional<std::int64_t> trial) {
  study::Storage storage(which.location(), study::Storage::Missing::refuse);
  const study::Study study = which.find(storage);
  if (trial) {
    print_trial(storage.trial(study, *trial));
    return 0;
  }
  const std::vector<study::Trial> trials = storage.trials(study);
  print_study(study, trials);
  for (const study::Trial& one : trials) fmt::print("{}\n", line_of(one));
  return 0;
}

}  // namespace

void add_study_show(Command& study, Run& run) {
  Command* const command = study.add_subcommand("show", "Show a study, or one of its trials");
  command->footer(kExamples);
  struct Options {
    WhichStudy which;
    std::optional<std::int64_t> trial;
  };
  const auto options = std::make_shared<Options>();
  options->which.add_to(*command, "show");
  add_option(*command, "--trial", options->trial, "Show everything recorded of this trial")
      ->type_name("N");
  command->callback(
      [options, &run] { run = [options] { return show(options->which, options->trial); }; });
}

}  // namespace joule::cli
