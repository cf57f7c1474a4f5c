// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/nas/nas.h"
#include "joule/cli/options/config_options.h"
#include "joule/cli/study/document_files.h"
#include "joule/cli/study/study.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/report/nas_build/build_document.h"
#include "joule/study/nas_build/build_results.h"
#include "joule/study/nas_build/build_study.h"
#include "joule/study/nas_build/build_table.h"

namespace joule::cli {
namespace {

using study::BuildConfig;

constexpr const char* kExamples = R"(Examples:
  joule nas build --out runs/built
      the small preset: all 91 cells of 4 vertices on 12 000 images of
      Fashion-MNIST, 4 epochs
  joule nas build --seeds 2 --out runs/built
  joule nas build --vertices 3 --budgets 2,4 --limit 2000 --out runs/try
  joule nas build --preset paper --data cifar-10 --device cuda --meter nvml
      the paper's net and protocol: 4, 12, 36 and 108 epochs
  joule nas build --seeds 2 --out runs/built
      once more: goes on where it was interrupted, or writes the pages anew
  joule nas query runs/built/table.db --cell 0110/0010/0001/0000:0,2 --epochs 4

DIR gets table.db (what joule nas query and search read), study.html (a page for
a browser), table.md with its pictures, results.json, trials.csv and study.db
(the study itself).  Where a meter can be read (joule meter) joules are
measured; else the table's are modelled, and say so.)";

struct BuildOptions {
  std::string preset = "small", name = "nas-build", data_folder, meter = "auto", markdown, table;
  std::optional<int> vertices, edges;
  std::optional<std::int64_t> channels, cells, stacks, seeds;
  std::optional<double> norm_momentum, carbon_intensity;
  std::vector<std::int64_t> budgets, scale_to;
  // Of which only what was asked for counts; the help shows its values.
  training::Config asked = study::build_preset("small", "fashion-mnist").training;
  std::optional<ConfigOptions> fields;
  std::optional<StudyRun> run;
};

BuildConfig build_config_of(const BuildOptions& o) {
  BuildConfig config = study::build_preset(o.preset, o.asked.data);
  o.fields->apply_to(config.training);
  if (o.vertices) config.space.vertices = *o.vertices;
  if (o.edges) config.space.edges = *o.edges;
  if (o.channels) config.skeleton.channels = *o.channels;
  if (o.cells) config.skeleton.cells = *o.cells;
  if (o.stacks) config.skeleton.stacks = *o.stacks;
  if (o.norm_momentum) config.skeleton.norm_momentum = *o.norm_momentum;
  if (!o.budgets.empty()) config.budgets = o.budgets;
  if (o.seeds) config.seeds = *o.seeds;
  config.meter = o.meter;
  check(config);
  return config;
}

study::BuildTableOptions table_options_of(const BuildOptions& o) {
  for (const std::int64_t epochs : o.scale_to) {
    require(epochs >= 1, "--scale-energy-to: expected numbers of epochs, got ", epochs);
  }
  require(!o.carbon_intensity || (*o.carbon_intensity >= 0 && *o.carbon_intensity <= 10'000),
          "--carbon-intensity: expected 0 to 10000 g/kWh, got ", o.carbon_intensity.value_or(0));
  return {.scale_to = o.scale_to, .carbon_intensity = o.carbon_intensity};
}

int build(const BuildOptions& o) {
  const BuildConfig config = build_config_of(o);
  const study::BuildTableOptions table_options = table_options_of(o);
  if (!o.data_folder.empty()) ::setenv("JOULE_DATA", o.data_folder.c_str(), 1);  // for workers, too
  const auto done = o.run->run(study::build_study(o.name, config), config.training.threads);
  if (!done) return kInterrupted;
  const nas::Table table = study::built_table(config, done->trials, table_options);
  const std::string path = o.run->folder() + "/table.db";
  table.save(path);
  if (!o.table.empty()) table.save(o.table);
  const study::BuildResults results = study::build_results(config, done->trials);
  const report::Document document = report::build_document(done->study, results);
  write_document(o.run->folder(), o.markdown, document, "nas-build",
                 report::build_json(done->study, results));
  fmt::print("{}\n", report::terminal_text(document, columns_of(STDOUT_FILENO)));
  fmt::print("{1}, {0}/study.html, {0}/table.md, {0}/results.json, {0}/trials.csv\n",
             o.run->folder(), path);
  return 0;
}

void add_space(Command& command, BuildOptions& o) {
  add_option(command, "--vertices", o.vertices, "Most vertices of a cell (4)");
  add_option(command, "--edges", o.edges, "Most edges of a cell (9)");
  add_option(command, "--budgets", o.budgets,
             "Epochs, ascending; each budget is a separate training (small 4; paper 4,12,36,108)")
      ->type_name("N,N,...");
  add_option(command, "--seeds", o.seeds, "Trainings of each cell and budget (1)");
  add_option(command, "--channels", o.channels,
             "Channels of the stem and the first stack (small 16, paper 128)");
  add_option(command, "--cells", o.cells, "Cells per stack (small 1, paper 3)");
  add_option(command, "--stacks", o.stacks, "Stacks (3)");
  add_option(command, "--norm-momentum", o.norm_momentum,
             "How far the norms follow each batch (small 0.1, paper 0.003)");
}

void add_output(Command& command, BuildOptions& o) {
  add_option(command, "--table", o.table, "Also write the table to this file")->type_name("FILE");
  add_option(
      command, "--scale-energy-to", o.scale_to,
      "Add columns with the energy scaled by E / epochs, as the paper does for its larger budgets")
      ->type_name("E,E,...");
  add_option(command, "--carbon-intensity", o.carbon_intensity,
             "Grams of CO2 equivalent per kWh; adds their columns to the table")
      ->type_name("G");
  add_option(command, "--markdown", o.markdown,
             "Also write table.md to F.md, with its pictures in the folder F")
      ->type_name("F.md");
}

}  // namespace

void add_nas_build(Command& nas, Run& run) {
  Command* const command =
      nas.add_subcommand("build", "Train and measure every cell of a space, into a table");
  command->footer(kExamples);
  const auto o = std::make_shared<BuildOptions>();
  add_option(*command, "--preset", o->preset,
             "Defaults of the other options: small (two cores), paper (its set-up)")
      ->capture_default_str();
  o->fields.emplace(*command, o->asked);
  o->fields->add("data");
  add_option(*command, "--data-dir", o->data_folder, "Folder in which data sets are looked for")
      ->type_name("DIR");
  add_space(*command, *o);
  for (const char* name : {"image_size", "image_fit", "limit", "validation", "augment", "batch",
                           "optimizer", "lr", "momentum", "epsilon", "weight_decay", "schedule",
                           "warmup", "seed", "threads", "device", "precision"}) {
    o->fields->add(name);
  }
  add_option(*command, "--meter", o->meter,
             "Where energy is measured: auto, none, or a source as in joule meter --help")
      ->capture_default_str();
  add_option(*command, "--name", o->name, "Name of the study in its storage")
      ->capture_default_str();
  add_output(*command, *o);
  o->run.emplace(*command, "runs/nas-build");
  command->callback([o, &run] { run = [o] { return build(*o); }; });
}

}  // namespace joule::cli
