// SPDX-License-Identifier: MIT
#include "joule/nas/import/import.h"

#include <fmt/core.h>

#include <memory>

#include "joule/cli/nas/nas.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule nas import energy_5V9E_linscale.tfrecord --out 5v.db
  joule nas import nasbench_full.tfrecord --out nasbench.db
      EC-NAS's and NAS-Bench-101's tables
  joule nas import train_model_results/energy/4V9E --out 4v.db
      every <hash>/repeat_<n>/results.json below a folder
  joule nas import measured.jsonl.gz --out 5v.db
      a JSON object per line

What a file is, is told by what is in it; it may be gzipped.  kWh become
joules.  Energies that were scaled from 4 epochs, or predicted, are modelled;
what such a file states of the wrong checkpoint is left out, with the reason
(docs/nas.md).)";

struct Options {
  std::vector<std::string> files;
  std::string out;
  std::string energy = std::string(name(nas::EnergyKind::automatic));
};

int import(const Options& options) {
  const nas::EnergyKind kind = nas::parse_energy_kind(options.energy);
  nas::Table table;
  for (const std::string& file : options.files) {
    const std::size_t records = nas::import_file(file, kind, table);
    fmt::print("{}: {} records\n", file, records);
  }
  table.save(options.out);
  fmt::print("{}: {} cells, {} records\n", options.out, table.models().size(),
             table.points().size());
  return 0;
}

}  // namespace

void add_nas_import(Command& nas, Run& run) {
  Command* const command =
      nas.add_subcommand("import", "Make a table from the files of EC-NAS or NAS-Bench-101");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  add_option(*command, "files", options->files, "TFRecord, JSON lines, results.json, or a folder")
      ->type_name("FILE")
      ->required();
  add_option(*command, "--out", options->out, "The table to write")->type_name("FILE")->required();
  add_option(
      *command, "--energy", options->energy,
      "Where the energies come from: measured, scaled from 4 epochs, or predicted by a surrogate")
      ->one_of({"automatic", "measured", "scaled", "surrogate"})
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return import(*options); }; });
}

}  // namespace joule::cli
