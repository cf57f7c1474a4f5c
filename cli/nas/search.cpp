// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/nas/nas.h"
#include "joule/cli/options/config_options.h"
#include "joule/cli/study/document_files.h"
#include "joule/cli/study/study.h"
#include "joule/cli/terminal/interrupt.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/core/version.h"
#include "joule/measure/environment.h"
#include "joule/nas/search/table_search.h"
#include "joule/report/ecnas/ecnas_document.h"
#include "joule/study/nas_search/nas_search_study.h"
#include "joule/study/nas_search/nas_train_study.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule nas search runs/5v.db \
      --strategy semoa,semoa-code,sh-emoa,ms-ehvi,nsga2,random \
      --seeds 10 --evaluations 100 --out runs/ecnas
      what each strategy finds in the table, over evaluations and over joules
  joule nas search runs/4v.db --strategy semoa,exhaustive
      beside all that there is
  joule nas search runs/7v.db --strategy semoa:population=20:eta=1.9 \
      --evaluations 2000 --objectives "test accuracy,training time"
      a sampler's options (search/sampler.h) stand behind its name
  joule nas search --train --strategy semoa,nsga2,random --seeds 2 \
      --evaluations 20 --vertices 4 --limit 2000 --out runs/trained
      trains the nets that are asked for (as joule nas build does), and goes on
      where it was interrupted
  joule study show ecnas-semoa-1 --storage runs/ecnas/study.db
      one of the searches: strategy semoa, seed 1
  joule study compare runs/ecnas

The searches run in memory; DIR gets study.html (a page for a browser), table.md
with its pictures, results.json and study.db with every evaluation.)";

struct NasSearchOptions {
  std::string table, strategies;
  std::string objectives, name = "ecnas", markdown;
  std::vector<std::int64_t> budgets;
  std::optional<int> vertices;
  std::int64_t seeds = 10, evaluations = 100;
  std::uint64_t seed = 1;
  std::optional<StudyRun> run;
  // Of --train; only what was asked for of `asked` counts.
  bool train = false;
  std::string preset = "small", data_folder, meter = "auto";
  std::optional<std::int64_t> channels, cells, stacks;
  training::Config asked = study::build_preset("small", "fashion-mnist").training;
  std::optional<ConfigOptions> fields;
  std::vector<std::pair<std::string, const Option*>> train_only;

  const std::string& out() const { return run->folder(); }
};

constexpr const char* kTableStrategies = "semoa,semoa-code,sh-emoa,ms-ehvi,nsga2,random";
constexpr const char* kTrainStrategies = "semoa,semoa-code,sh-emoa,nsga2,random";
constexpr const char* kTrainFields[] = {
    "limit",   "validation",   "augment",  "batch",  "optimizer", "lr",     "momentum",
    "epsilon", "weight_decay", "schedule", "warmup", "threads",   "device", "precision"};

/// More would be stored as fixed points of a study, in one text.
constexpr std::size_t kMostExhaustive = 20000;

study::NasSearchConfig config_of(const NasSearchOptions& o, const nas::Table& table) {
  require(!table.budgets().empty(), o.table, ": the table is empty");
  study::NasSearchConfig config{
      .table = o.table, .vertices = o.vertices.value_or(table.limits().vertices), .budgets = {}};
  config.budgets.assign(table.budgets().begin(), table.budgets().end());
  if (!o.budgets.empty()) {
    for (const std::int64_t budget : o.budgets) {
      require(std::ranges::count(config.budgets, budget) > 0,
              "--budgets: the table has no trainings "
              "of ",
              budget, " epochs");
    }
    config.budgets = o.budgets;
    std::ranges::sort(config.budgets);
  }
  if (!o.objectives.empty()) {
    config.objectives.clear();
    for (const std::string& name : names_in("--objectives", o.objectives)) {
      config.objectives.push_back(nas::objective_of(name));
    }
  }
  return config;
}

/// The objectives of all that the table holds in the space.
std::vector<std::vector<double>> everything_in(nas::Table& table, const nas::CellSpace& space,
                                               const std::vector<nas::Objective>& objectives) {
  std::vector<nas::Column> columns;
  for (const nas::Objective& objective : objectives) {
    columns.push_back(table.column(objective.metric));
  }
  std::vector<std::vector<double>> all;
  for (const nas::Model& model : table.models()) {
    if (model.cell.vertices() > space.vertices()) continue;
    for (const std::int64_t budget : space.budgets()) {
      const auto answer = table.find(model.fingerprint, budget);
      std::vector<double> values;
      for (const nas::Column& column : columns) {
        if (const auto number = answer ? answer->number(column) : std::nullopt) {
          values.push_back(*number);
        }
      }
      if (values.size() == columns.size()) all.push_back(std::move(values));
    }
  }
  return all;
}

/// "measured", or of several qualities all of them.
std::string qualities_of_energy(const nas::Comparison& comparison) {
  std::vector<std::string> names;
  for (const nas::SearchRun& run : comparison.runs) {
    for (const nas::SearchEvaluation& evaluation : run.evaluations) {
      for (const nas::Value& value : evaluation.values) {
        if (value.metric.name != nas::kEnergy) continue;
        const std::string quality(name(value.origin.quality));
        if (std::ranges::count(names, quality) == 0) names.push_back(quality);
      }
    }
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " and ") + name;
  return text.empty() ? "unavailable" : text;
}

/// Stores a search unless it is there; of one that is there the evaluations must be the same.
void store(study::Storage& storage, const study::StudyDefinition& definition,
           const nas::SearchRun& run, const std::string& machine) {
  const study::Study study = storage.make_study(definition, machine);
  const std::vector<study::Trial> there = storage.trials(study);
  std::vector<study::Trial> trials = study::trials_of(run);
  for (std::size_t i = 0; i < std::min(there.size(), trials.size()); ++i) {
    require(there[i].point == trials[i].point && there[i].values == trials[i].values,
            storage.location().shown(), ": the study ", definition.name, ", trial ", i,
            ", was found otherwise: the table is another one; give --name or --out");
  }
  if (there.size() >= trials.size()) return;
  trials.erase(trials.begin(), trials.begin() + static_cast<std::ptrdiff_t>(there.size()));
  storage.add_finished(study, trials);
}

std::vector<nas::SwapTable> swaps_of(nas::Table& table, std::int64_t epochs) {
  std::vector<std::string> metrics;
  for (const char* const name :
       {nas::kEnergy, nas::kTrainingTime, nas::kValidationAccuracy, nas::kParameters}) {
    const bool there = std::ranges::any_of(
        table.metrics(), [&](const nas::Metric& metric) { return metric.name == name; });
    if (there) metrics.emplace_back(name);
  }
  return op_swaps(table, epochs, metrics);
}

std::vector<std::string> strategies_of(const NasSearchOptions& o) {
  if (!o.strategies.empty()) return names_in("--strategy", o.strategies);
  return names_in("--strategy", o.train ? kTrainStrategies : kTableStrategies);
}

void write(const NasSearchOptions& o, const report::EcnasResults& results) {
  const report::Document document = report::ecnas_document(results);
  write_document(o.out(), o.markdown, document, "nas-search", report::ecnas_json(results));
  fmt::print("{}\n", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  fmt::print("{0}/study.html, {0}/table.md, {0}/results.json\n", o.out());
}

study::BuildConfig build_config_of(const NasSearchOptions& o) {
  study::BuildConfig config = study::build_preset(o.preset, o.asked.data);
  o.fields->apply_to(config.training);
  if (o.vertices) config.space.vertices = *o.vertices;
  if (o.channels) config.skeleton.channels = *o.channels;
  if (o.cells) config.skeleton.cells = *o.cells;
  if (o.stacks) config.skeleton.stacks = *o.stacks;
  if (!o.budgets.empty()) config.budgets = o.budgets;
  config.meter = o.meter;
  check(config);
  return config;
}

int nas_search_trained(const NasSearchOptions& o) {
  require(o.table.empty(), "TABLE: --train looks nothing up");
  require(o.objectives.empty(), "--objectives: --train has accuracy and energy");
  if (!o.data_folder.empty()) ::setenv("JOULE_DATA", o.data_folder.c_str(), 1);  // for workers, too
  const study::BuildConfig config = build_config_of(o);
  std::vector<nas::SearchRun> runs;
  study::Origin origin;
  // Seed by seed, so that what is done so far compares all strategies.
  for (std::int64_t k = 0; k < o.seeds; ++k) {
    for (const std::string& strategy : strategies_of(o)) {
      const std::uint64_t seed = o.seed + static_cast<std::uint64_t>(k);
      const std::string part = fmt::format("{}-{}", strategy, seed);
      const auto done = o.run->run_part(
          nas_train_study(o.name + "-" + part, config, strategy, o.evaluations, seed), part,
          config.training.threads);
      if (!done) return kInterrupted;
      runs.push_back(train_run_of(done->study, done->trials, strategy));
      origin = done->study.origin;
    }
  }
  report::EcnasResults results{.comparison = {},
                               .title = "Searches among cells, whose nets are trained",
                               .where = {},
                               .where_energy = {},
                               .budgets = config.budgets,
                               .vertices = config.space.vertices,
                               .cells = 0,
                               .evaluations = o.evaluations,
                               .machine = origin.machine,
                               .joule = origin.joule};
  results.comparison = compare(std::move(runs), nas::default_objectives(), {});
  results.where_energy = qualities_of_energy(results.comparison);
  results.where = str("Cells of at most ", config.space.vertices, " vertices, in nets of ",
                      config.skeleton.channels, " channels with ", config.skeleton.cells,
                      config.skeleton.cells == 1 ? " cell" : " cells", " in each of ",
                      config.skeleton.stacks, " stacks, trained on ", config.training.data,
                      "; energy of the training steps is ", results.where_energy, ". ", o.seeds,
                      o.seeds == 1 ? " seed, " : " seeds, ", o.evaluations, " evaluations each.");
  write(o, results);
  return 0;
}

int nas_search(const NasSearchOptions& o) {
  require(o.seeds >= 1 && o.seeds <= 1000, "--seeds: expected 1 to 1000, got ", o.seeds);
  if (o.train) return nas_search_trained(o);
  require(!o.table.empty(), "expected a TABLE, or --train");
  for (const auto& [name, option] : o.train_only) {
    require(option->count() == 0, name, ": is for --train, not for a table");
  }
  nas::Table table = nas::Table::open(o.table);
  const study::NasSearchConfig config = config_of(o, table);
  const nas::CellSpace space(config.vertices, config.budgets);
  const std::string machine = summary(measure::environment());
  study::Storage storage(o.run->location());
  const Interrupt interrupt;
  std::vector<nas::SearchRun> runs;
  for (const std::string& strategy : strategies_of(o)) {
    const bool all = strategy == nas::kExhaustive;
    std::vector<search::Point> points;
    if (all) points = all_points(table, space);
    require(points.size() <= kMostExhaustive, "--strategy: exhaustive: the table has ",
            points.size(), " trainings in this space, more than the ", kMostExhaustive,
            " that are stored as a study; the page has them all without it");
    for (std::int64_t k = 0; k < (all ? 1 : o.seeds); ++k) {
      if (interrupt.requested()) return kInterrupted;
      const std::uint64_t seed = o.seed + static_cast<std::uint64_t>(k);
      const std::string name = fmt::format("{}-{}-{}", o.name, strategy, seed);
      const study::StudyDefinition definition =
          nas_search_study(name, config, space, strategy, o.evaluations, seed, points);
      runs.push_back(search_table(table, space,
                                  {.strategy = strategy,
                                   .objectives = config.objectives,
                                   .evaluations = o.evaluations,
                                   .seed = seed}));
      store(storage, definition, runs.back(), machine);
    }
  }
  report::EcnasResults results{.comparison = {},
                               .title = "Searches among cells, in a table",
                               .where = {},
                               .where_energy = {},
                               .budgets = config.budgets,
                               .vertices = config.vertices,
                               .cells = std::ssize(table.models()),
                               .evaluations = o.evaluations};
  results.everything = everything_in(table, space, config.objectives);
  results.comparison = compare(std::move(runs), config.objectives, results.everything);
  results.where_energy = qualities_of_energy(results.comparison);
  std::string budgets;
  for (const std::int64_t budget : config.budgets)
    budgets += str(budgets.empty() ? "" : ", ", budget);
  results.where = str("A table of ", results.cells, " cells of at most ", table.limits().vertices,
                      " vertices and ", table.limits().edges, " edges, trained for ", budgets,
                      " epochs; energy is ", results.where_energy, ". ", o.seeds,
                      o.seeds == 1 ? " seed, " : " seeds, ", o.evaluations, " evaluations each.");
  results.swap_epochs = config.budgets.back();
  results.swaps = swaps_of(table, results.swap_epochs);
  results.machine = machine;
  results.joule = version();
  write(o, results);
  return 0;
}

void add_training(Command& command, NasSearchOptions& o) {
  const auto add = [&](const char* name, auto& value, const char* help) {
    o.train_only.emplace_back(name, add_option(command, name, value, help));
  };
  const auto add_field = [&](const char* name) {
    o.train_only.emplace_back(training::config_field(name).option(), o.fields->add(name));
  };
  add("--preset", o.preset,
      "With --train, the defaults of the other options: small, paper (joule nas build)");
  o.fields.emplace(command, o.asked);
  add_field("data");
  add("--data-dir", o.data_folder, "Folder in which data sets are looked for");
  add("--channels", o.channels, "Channels of the stem and the first stack");
  add("--cells", o.cells, "Cells per stack");
  add("--stacks", o.stacks, "Stacks");
  for (const char* const name : kTrainFields) add_field(name);
  add("--meter", o.meter,
      "Where energy is measured: auto, none, or a source as in joule meter --help");
}

}  // namespace

void add_nas_search(Command& nas, Run& run) {
  Command* const command = nas.add_subcommand(
      "search", "Compare strategies that search among cells, in a table or by training");
  command->footer(kExamples);
  const auto o = std::make_shared<NasSearchOptions>();
  add_option(*command, "TABLE", o->table, "The table: a file of joule nas import or build");
  command->add_flag("--train", o->train,
                    "Train each proposed net, instead of looking it up in a table");
  add_option(*command, "--strategy", o->strategies,
             "Strategies, separated by commas: samplers (docs/studies.md) with options as "
             "name:option=value, and, in a table, exhaustive (default "
             "semoa,semoa-code,sh-emoa,ms-ehvi,nsga2,random; with --train without ms-ehvi)");
  add_option(*command, "--seeds", o->seeds, "Runs of each strategy")->capture_default_str();
  add_option(*command, "--seed", o->seed, "Seed of the first run; the others follow")
      ->capture_default_str();
  add_option(*command, "--evaluations", o->evaluations, "Trainings that each run asks for")
      ->capture_default_str();
  add_option(*command, "--objectives", o->objectives,
             "Objectives, separated by commas: columns of the table; accuracies are maximised, "
             "others minimised (validation accuracy,energy)");
  add_option(*command, "--vertices", o->vertices,
             "Most vertices of a cell, 3 to 7 (default: those of the table)");
  add_option(
      *command, "--budgets", o->budgets,
      "Epochs, separated by commas; a search chooses among them (default: all of the table)");
  add_option(*command, "--name", o->name,
             "Prefix of the searches' names in their storage: NAME-semoa-1")
      ->capture_default_str();
  add_option(*command, "--markdown", o->markdown,
             "Also write table.md to F.md, with its pictures in the folder F")
      ->type_name("F.md");
  add_training(*command, *o);
  o->run.emplace(*command, "runs/nas-search");
  command->callback([o, &run] { run = [o] { return nas_search(*o); }; });
}

}  // namespace joule::cli
