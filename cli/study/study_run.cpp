// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <utility>

#include "joule/cli/options/energy_options.h"
#include "joule/cli/study/study.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/study_progress.h"
#include "joule/core/error.h"

namespace joule::cli {

StudyRun::StudyRun(Command& command, std::string folder) {
  options_.folder = std::move(folder);
  add_option(command, "--out", options_.folder,
             "Folder of the study; the same command resumes what it holds")
      ->capture_default_str()
      ->type_name("DIR");
  add_option(
      command, "--storage", options_.storage,
      "Database of the trials: postgresql://user@host/database, an SQLite file, or its folder "
      "(default: DIR/study.db)")
      ->type_name("URL");
  add_option(command, "--workers", options_.workers,
             "Processes that run trials; the processors are divided among them")
      ->capture_default_str();
  add_option(command, "--energy-budget", budget_,
             "Stop when all trials together have spent so much (by a meter if all are, else "
             "modelled): 500J, 2kJ, .1Wh, 1kWh");
  add_option(command, "--crashes", options_.most_crashes,
             "A trial fails once this many workers have died while running it")
      ->capture_default_str();
  command.add_flag("--keep-runs", options_.keep_runs,
                   "Keep the folder of each trial in DIR/trials");
  command.add_flag("--retry-failed", options_.retry_failed, "Try trials that have failed again");
}

std::optional<study::StudyResult> StudyRun::run(study::StudyDefinition definition,
                                                int threads) const {
  study::RunOptions options = options_;
  options.threads = threads;
  return run_with(std::move(definition), std::move(options), false);
}

std::optional<study::StudyResult> StudyRun::run_part(study::StudyDefinition definition,
                                                     const std::string& part, int threads) const {
  study::RunOptions options = options_;
  options.threads = threads;
  options.storage = location_of(options_).url;
  options.folder += "/" + part;
  return run_with(std::move(definition), std::move(options), true);
}

std::optional<study::StudyResult> StudyRun::run_with(study::StudyDefinition definition,
                                                     study::RunOptions options,
                                                     bool budget_ends) const {
  if (!budget_.empty()) definition.energy_budget = parse_energy("--energy-budget", budget_);
  const Interrupt interrupt;
  StudyProgressBar bar(definition.name, definition.goals);
  study::RunHooks hooks = bar.hooks();
  hooks.stop = [&] { return interrupt.requested(); };
  study::StudyResult result = run_study(definition, options, hooks);
  bar.clear();
  if (result.failed() > 0) {
    const std::string which =
        budget_ends ? str(definition.name, " --storage ", location_of(options).shown())
                    : options.folder;
    fmt::print(stderr, "{} of {} trials failed; joule study show {} tells why\n", result.failed(),
               result.trials.size(), which);
  }
  if (result.end == study::WorkEnd::done || (budget_ends && result.end == study::WorkEnd::budget)) {
    return result;
  }
  fmt::print(stderr, "joule: {}; what is done is in {}, and the same command goes on from there\n",
             result.why, location_of(options).shown());
  return {};
}

}  // namespace joule::cli
