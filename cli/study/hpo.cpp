// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/options/config_options.h"
#include "joule/cli/study/document_files.h"
#include "joule/cli/study/study.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/io/nearest.h"
#include "joule/report/hpo/hpo_document.h"
#include "joule/report/hpo/hpo_json.h"
#include "joule/study/hpo/hpo_results.h"
#include "joule/study/hpo/hpo_study.h"

namespace joule::cli {
namespace {

using study::HpoConfig;
using study::HpoResults;
using study::HpoRun;

constexpr const char* kExamples = R"(Examples:
  joule study hpo --out runs/hpo
      the quick preset: dense-poly on Fashion-MNIST, the paper's space, 24
      rounds each of random, tpe and gp, the whole search three times
  joule study hpo --strategy tpe,gp,gp-ei-per-joule --space space.json \
      --model simple-cnn --pruner median --out runs/cnn
      a space of one's own, whose dimensions are fields of the configuration of
      joule train (docs/studies/hpo.md), giving poor rounds up early
  joule study hpo --objective accuracy-within-budget --budget-joules 20 \
      --strategy random,gp --out runs/within
      the best accuracy that a training of 20 J reaches
  joule study hpo --preset paper --model simple-cnn --data cifar-10 \
      --device cuda
      the paper's 64 rounds of 8 trainings; the test images decide, and the page
      says so
  joule study show hpo-gp-1 --storage runs/hpo/study.db
      one of the searches: strategy gp, repetition 1

The same command goes on where it was interrupted.  DIR gets study.html (a page
for a browser), table.md with its pictures, results.json, study.db (the
searches) and a folder per search with its trials.csv.)";

struct HpoOptions {
  std::string preset = "quick", name = "hpo", data_folder, markdown, space, objective, pruner;
  std::string meter = "auto";
  std::string strategies, ignored;
  std::optional<std::int64_t> rounds, repeats;
  std::optional<double> budget_joules;
  std::optional<std::int64_t> seeds;
  // Of which only what was asked for counts; the help shows its values.
  training::Config asked = study::hpo_preset("quick", "dense-poly").training;
  std::optional<ConfigOptions> fields;
  std::optional<StudyRun> run;
};

constexpr const char* kHpoFields[] = {
    "image_size", "image_fit", "epochs",  "limit",        "validation", "augment",
    "normalize",  "shuffle",   "batch",   "optimizer",    "lr",         "momentum",
    "beta1",      "beta2",     "epsilon", "weight_decay", "schedule",   "lr_factor",
    "clip_norm",  "seed",      "threads", "device",       "precision"};

HpoConfig hpo_config_of(const HpoOptions& o) {
  HpoConfig config = study::hpo_preset(o.preset, o.asked.model);
  o.fields->apply_to(config.training);
  if (!o.space.empty()) config.space_name = o.space;
  if (!o.objective.empty()) config.objective = o.objective;
  if (!o.pruner.empty()) config.pruner = o.pruner;
  if (o.rounds) config.rounds = *o.rounds;
  if (o.repeats) config.repeats = *o.repeats;
  config.budget_joules = o.budget_joules;
  if (o.ignored == "none") {
    config.ignored.clear();
  } else if (!o.ignored.empty()) {
    config.ignored = names_in("--ignore", o.ignored);
  } else if (config.space_name != "paper" && config.space_name != "paper-3") {
    config.ignored.clear();
  }
  config.meter = o.meter;
  check(config);
  return config;
}

/// A search that is to be run.
struct Part {
  std::string name, strategy;
  HpoConfig config;
  study::StudyDefinition definition;
};

/// Repetition by repetition, so that what is done so far compares all strategies.
std::vector<Part> parts_of(const HpoOptions& o) {
  HpoConfig config = hpo_config_of(o);
  const search::Space space = study::hpo_space(config.space_name);
  for (const search::Dimension& d : space.dimensions()) {
    const bool option = std::ranges::count(kHpoFields, d.name) > 0;
    require(!option || !o.fields->asked(d.name), training::config_field(d.name).option(),
            ": the space sets it");
  }
  const std::vector<std::string> strategies =
      o.strategies.empty() ? study::hpo_strategies(o.preset) : names_in("--strategy", o.strategies);
  const std::int64_t seeds = o.seeds.value_or(o.preset == "paper" ? 1 : 3);
  training::require_count("seeds", seeds, 1000);
  std::vector<Part> parts;
  for (config.repetition = 1; config.repetition <= seeds; ++config.repetition) {
    for (const std::string& strategy : strategies) {
      const std::string part = fmt::format("{}-{}", strategy, config.repetition);
      parts.push_back(
          {part, strategy, config, hpo_study(o.name + "-" + part, config, space, strategy)});
    }
  }
  return parts;
}

/// Errors    ArgumentError if the budget was spent before a round was complete.
HpoRun run_of_part(const Part& part, study::StudyResult result) {
  HpoRun run{.strategy = part.strategy, .config = part.config};
  if (result.end == study::WorkEnd::budget) {
    const bool any =
        std::ranges::count(result.trials, study::State::complete, &study::Trial::state) > 0;
    require(any, "--energy-budget: is below what one round of ", part.definition.name,
            " takes: ", result.why);
    run.ended = result.why;
  }
  run.study = std::move(result.study);
  run.trials = std::move(result.trials);
  return run;
}

/// Errors    ArgumentError if a budget of one training left nothing to choose from.
void check_budget(const HpoResults& results) {
  if (!results.config.budget_joules || results.best || results.rounds.empty()) return;
  const auto cheapest = std::ranges::min_element(results.rounds, {}, &study::HpoRound::joules);
  throw ArgumentError(str("--budget-joules: no training was within ", *results.config.budget_joules,
                          " J; the cheapest took ", cheapest->joules, " J, ",
                          name(results.training_quality)));
}

int study_hpo(const HpoOptions& o) {
  if (!o.data_folder.empty()) ::setenv("JOULE_DATA", o.data_folder.c_str(), 1);  // for workers, too
  std::vector<HpoRun> runs;
  for (const Part& part : parts_of(o)) {
    auto result = o.run->run_part(part.definition, part.name, part.config.training.threads);
    if (!result) return kInterrupted;
    runs.push_back(run_of_part(part, std::move(*result)));
  }
  const HpoResults results = study::hpo_results(runs);
  const report::Document document = report::hpo_document(runs.front().study, results);
  write_document(o.run->folder(), o.markdown, document, "hpo", report::hpo_json(runs, results));
  fmt::print("{}\n", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  fmt::print("{0}/study.html, {0}/table.md, {0}/results.json\n", o.run->folder());
  check_budget(results);
  return 0;
}

}  // namespace

void add_study_hpo(Command& study, Run& run) {
  Command* const command = study.add_subcommand(
      "hpo", "Hyper-parameter searches: what each strategy finds, over rounds and over joules");
  command->footer(kExamples);
  const auto o = std::make_shared<HpoOptions>();
  add_option(*command, "--preset", o->preset,
             "Defaults of the other options: quick (two cores, Fashion-MNIST; those of dense-poly "
             "are shown here), paper (its recipe)")
      ->capture_default_str();
  const auto samplers = search::sampler_names(), pruners = search::pruner_names();
  o->fields.emplace(*command, o->asked);
  for (const char* name : {"data", "model"}) o->fields->add(name);
  add_option(*command, "--data-dir", o->data_folder, "Folder in which data sets are looked for")
      ->type_name("DIR");
  add_option(*command, "--space", o->space,
             "Search space: paper (lr, beta1, beta2, epsilon, weight_decay; the default), paper-3 "
             "(the first three), or a JSON file")
      ->type_name("SPACE");
  add_option(*command, "--strategy", o->strategies,
             str("Strategies to compare, separated by commas (",
                 listed({samplers.begin(), samplers.end()}),
                 "); default random,tpe,gp, with --preset paper random,grid,gp-pi-paper"));
  add_option(
      *command, "--objective", o->objective,
      str("Objective of the searches (", listed(study::hpo_objectives()), "; default accuracy)"));
  add_option(*command, "--budget-joules", o->budget_joules,
             "Energy budget of one training in joules, for accuracy-within-budget");
  add_option(*command, "--rounds", o->rounds,
             "Points that each search tries (24, with --preset paper 64)");
  add_option(*command, "--repeats", o->repeats,
             "Trainings of each point, which are averaged (1, with --preset paper 8)");
  add_option(*command, "--seeds", o->seeds,
             "Repetitions of each search with other seeds (3, with --preset paper 1)");
  add_option(*command, "--pruner", o->pruner,
             str("Pruner that stops rounds early (", listed({pruners.begin(), pruners.end()}),
                 "; default none)"));
  add_option(*command, "--ignore", o->ignored,
             "Dimensions that are proposed but not applied, separated by commas; none: all are "
             "applied (with --preset paper beta2, as in the authors' code)");
  for (const char* name : kHpoFields) o->fields->add(name);
  add_option(*command, "--meter", o->meter,
             "Where energy is measured: auto, none, or a source as in joule meter --help")
      ->capture_default_str();
  add_option(*command, "--name", o->name,
             "Prefix of the searches' names in their storage: NAME-tpe-1")
      ->capture_default_str();
  add_option(*command, "--markdown", o->markdown,
             "Also write table.md to F.md, with its pictures in the folder F")
      ->type_name("F.md");
  o->run.emplace(*command, "runs/hpo");
  command->callback([o, &run] { run = [o] { return study_hpo(*o); }; });
}

}  // namespace joule::cli
