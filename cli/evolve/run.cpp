// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/evolve/evolve.h"
#include "joule/cli/study/document_files.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/report/energize/evolve_document.h"
#include "joule/report/text_layout.h"
#include "joule/study/evolve/evolve_study.h"

namespace joule::cli {
namespace {

struct EvolveRunOptions {
  EvolutionOptions evolution;
  std::string name = "evolve", markdown;
  std::uint64_t seed = 1;
  std::optional<double> minutes;
  std::optional<StudyRun> run;
};

int evolve(const EvolveRunOptions& o) {
  study::EvolveConfig config = o.evolution.evolve_config();
  if (o.minutes) config.limits.seconds = 60 * *o.minutes;
  check_power_units(config.fitness, config.meter != "none");
  const auto done = o.run->run(study::evolve_study(o.name, config, o.seed),
                               static_cast<int>(config.training.threads));
  if (!done) return kInterrupted;
  const std::string& folder = o.run->folder();
  const study::EvolveResults results = study::evolve_results(done->study, done->trials, folder);
  const report::Document document = report::evolve_document(results);
  write_document(folder, o.markdown, document, report::evolve_json(results));
  write_file_atomically(folder + "/generations.csv", generations_csv(results));
  fmt::print("{}\n", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  fmt::print("{0}/study.html, {0}/table.md, {0}/results.json, {0}/generations.csv\n", folder);
  return 0;
}

}  // namespace

void add_evolve_run(Command& command, Run& run) {
  const auto o = std::make_shared<EvolveRunOptions>();
  o->evolution.add_to(command);
  add_option(command, "--minutes", o->minutes,
             "Start no generation after this many minutes; 0: no limit");
  add_option(command, "--seed", o->seed, "Seed of all random numbers")->capture_default_str();
  add_option(command, "--name", o->name, "Name of the study in its storage")->capture_default_str();
  add_option(command, "--markdown", o->markdown,
             "Also write table.md to F.md, with its pictures in the folder F")
      ->type_name("F.md");
  o->run.emplace(command, "runs/evolve");
  command.callback([o, &command, &run] {
    for (const char* const other : {"grammar", "draw", "decode"}) {
      if (command.asked_for(other)) return;
    }
    run = [o] { return evolve(*o); };
  });
}

}  // namespace joule::cli
