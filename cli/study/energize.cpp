// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/evolve/evolve.h"
#include "joule/cli/study/document_files.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/nearest.h"
#include "joule/report/energize/evolve_document.h"
#include "joule/study/evolve/evolve_study.h"
#include "joule/training/config.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule study energize --workers 2 --out runs/energize
      the quick preset: four variants, five seeds, four minutes each
  joule study energize --hours 6 --out runs/energize-6h
      the same with more time for each
  joule study energize --variants accuracy,published --seeds 10 --epochs 2 \
      --generations 20 --out runs/two
      budgets in epochs, so that the nets are the same on every run

The same command goes on where it was interrupted.  DIR gets study.html (a page
for a browser), table.md with its pictures, results.json, study.db (the runs),
and a folder per run with its trials.csv and generations.csv.)";

struct EnergizeOptions {
  EvolutionOptions evolution;
  std::string variants, name = "energize", markdown;
  std::int64_t seeds = 5;
  std::optional<double> minutes_per_run, hours;
  std::uint64_t seed = 1;
  std::optional<StudyRun> run;
};

constexpr double kMinutesPerRun = 4;

std::vector<std::string> variants_of(const EnergizeOptions& o) {
  if (o.variants.empty()) return study::evolve_variants();
  const std::vector<std::string> variants = names_in("--variants", o.variants);
  for (const std::string& variant : variants) {
    require_one_of("--variants", variant, study::evolve_variants());
  }
  return variants;
}

/// Of one run; --generations or --epochs alone set none.
double seconds_of(const EnergizeOptions& o, std::size_t runs) {
  if (o.hours) return 3600 * *o.hours / static_cast<double>(runs);
  if (o.minutes_per_run) return 60 * *o.minutes_per_run;
  return o.evolution.generations ? 0 : 60 * kMinutesPerRun;
}

int study_energize(const EnergizeOptions& o) {
  training::require_count("seeds", o.seeds, 1000);
  const std::vector<std::string> variants = variants_of(o);
  const study::EvolveConfig base = o.evolution.evolve_config();
  const double seconds = seconds_of(o, variants.size() * static_cast<std::size_t>(o.seeds));
  std::vector<study::EvolveResults> runs;
  for (std::int64_t i = 0; i < o.seeds; ++i) {  // seed by seed: what is done compares all variants
    for (const std::string& variant : variants) {
      study::EvolveConfig config = study::with_variant(base, variant);
      config.limits.seconds = seconds;
      check_power_units(config.fitness, config.meter != "none");
      const std::uint64_t seed = o.seed + static_cast<std::uint64_t>(i);
      const std::string part = fmt::format("{}-{}", variant, seed);
      const auto done = o.run->run_part(study::evolve_study(o.name + "-" + part, config, seed),
                                        part, static_cast<int>(config.training.threads));
      if (!done) return kInterrupted;
      const std::string folder = o.run->folder() + "/" + part;
      runs.push_back(study::evolve_results(done->study, done->trials, folder));
      runs.back().variant = variant;
      write_file_atomically(folder + "/generations.csv", generations_csv(runs.back()));
    }
  }
  const report::Document document = report::energize_document(runs);
  write_document(o.run->folder(), o.markdown, document, "energize", report::energize_json(runs));
  fmt::print("{}\n", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  fmt::print("{0}/study.html, {0}/table.md, {0}/results.json\n", o.run->folder());
  return 0;
}

}  // namespace

void add_study_energize(Command& study, Run& run) {
  Command* const command = study.add_subcommand(
      "energize", "Evolution of nets: what power in the fitness saves at equal accuracy");
  command->footer(kExamples);
  const auto o = std::make_shared<EnergizeOptions>();
  o->evolution.add_to(*command);
  add_option(*command, "--variants", o->variants,
             str("Separated by commas; each is tested against the first (",
                 listed(study::evolve_variants()), "; default all)"));
  add_option(*command, "--seeds", o->seeds, "Runs of each variant")->capture_default_str();
  Option* const minutes = add_option(
      *command, "--minutes-per-run", o->minutes_per_run,
      "Start no generation of a run after this many minutes (4; no limit with --generations)");
  add_option(*command, "--hours", o->hours, "Hours of all runs together, divided among them")
      ->excludes(minutes);
  add_option(*command, "--seed", o->seed, "Seed of the first run of each variant")
      ->capture_default_str();
  add_option(*command, "--name", o->name,
             "Prefix of the runs' names in their storage: NAME-published-1")
      ->capture_default_str();
  add_option(*command, "--markdown", o->markdown,
             "Also write table.md to F.md, with its pictures in the folder F")
      ->type_name("F.md");
  o->run.emplace(*command, "runs/energize");
  command->callback([o, &run] { run = [o] { return study_energize(*o); }; });
}

}  // namespace joule::cli
