// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "joule/bench/gate/gate_outputs.h"
#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/cli/study/study.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/json_dump.h"
#include "joule/report/compare/charts.h"
#include "joule/report/compare/outputs.h"
#include "joule/report/svg.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule compare runs/demo/standard runs/demo/l0
      what the L0 penalty changed
  joule compare runs/dense-1 runs/dense-2 runs/sparse-1 runs/sparse-2 \
      --html compare.html
      runs that differ in their seeds alone are a group: means, differences to
      the first group with 95 % intervals, and a page with the curves
  joule compare runs/* --csv epochs.csv --json compare.json --svg charts
  joule compare runs/eat runs/eat-macs
      studies: as joule study compare
  joule compare runs/old-1 runs/old-2 runs/old-3 runs/old-4 \
      --gate runs/new-1 runs/new-2 runs/new-3 runs/new-4 --gate-tolerance 5%
      whether the new ones are worse: in work, energy or time
  joule compare old/*.json --gate new/*.json
      the same of what joule bench train, infer or conv wrote with --json

A run that is not finished is compared as far as it came, and marked. Measured
and modelled energies stay apart. If runs were taken on different machines, or
none is recorded, that is said.

With --gate the exit code is 0 if nothing is worse, 1 if something is, and 5 if
that cannot be decided, for lack of runs or because they cannot be compared.)";

struct Options {
  std::vector<std::string> runs;
  std::string html, csv, json, svg;
  std::vector<std::string> gate;
  std::string gate_figures;
  double gate_tolerance = 3, gate_level = 5;  // percent
  bool gate_same_machine = false;
};

/// --gate could not decide.
constexpr int kUndecided = 5;

/// "Training loss" -> "training-loss.svg".
std::string file_name(const std::string& title) {
  std::string name;
  for (const char c : title) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return name + ".svg";
}

void write_charts(const report::Comparison& comparison, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw DataError(str(folder, ": cannot be made: ", error.message()));
  const auto write = [&](const auto& charts) {
    for (const auto& chart : charts) {
      write_file_atomically((std::filesystem::path(folder) / file_name(chart.title)).string(),
                            to_svg(chart));
    }
  };
  write(curve_charts(comparison));
  write(front_charts(comparison));
  write(energy_bars(comparison));
}

/// Whether they are folders of studies.
bool are_studies(const std::vector<std::string>& folders) {
  std::error_code ignored;
  const auto is_study = [&](const std::string& folder) {
    return std::filesystem::exists(std::filesystem::path(folder) / "study.db", ignored);
  };
  const auto studies = std::ranges::count_if(folders, is_study);
  require(studies == 0 || studies == std::ssize(folders),
          "compare: ", *std::ranges::find_if(folders, is_study),
          " holds a study, others do not; runs are compared with runs, studies with studies");
  return studies > 0;
}

/// Whether they are files; if not, they are folders.
bool are_files(const Options& options) {
  std::vector<std::string> paths = options.runs;
  paths.insert(paths.end(), options.gate.begin(), options.gate.end());
  std::error_code ignored;
  for (const std::string& path : paths) {
    if (!std::filesystem::exists(path, ignored)) {
      throw DataError(path + ": there is no such folder or file");
    }
  }
  const auto is_folder = [&](const std::string& path) {
    return std::filesystem::is_directory(path, ignored);
  };
  const auto folders = std::ranges::count_if(paths, is_folder);
  require(folders == 0 || folders == std::ssize(paths),
          "--gate: ", *std::ranges::find_if(paths, is_folder),
          " is a folder, others are files; runs are judged by runs, reports by reports");
  return folders == 0;
}

int judge(const Options& options) {
  require(options.html.empty() && options.csv.empty() && options.svg.empty(),
          "--gate: writes --json alone, no --html, --csv or --svg");
  bench::GateOptions how{.tolerance = options.gate_tolerance / 100,
                         .level = options.gate_level / 100};
  if (!options.gate_figures.empty()) {
    for (const std::string& kind : names_in("--gate-figures", options.gate_figures)) {
      how.kinds.push_back(bench::gate_kind(kind));
    }
  }
  const auto read = are_files(options) ? bench::gate_reports : bench::gate_runs;
  const bench::Gate gate =
      bench::gate(read(options.runs, options.gate, options.gate_same_machine), how);
  if (!options.json.empty()) write_file_atomically(options.json, dumped(json_of(gate), 2) + "\n");
  fmt::print("{}", to_text(gate, columns_of(STDOUT_FILENO)));
  switch (gate.outcome()) {
    case bench::Gate::Outcome::passed:
      return 0;
    case bench::Gate::Outcome::regressed:
      return 1;
    case bench::Gate::Outcome::undecided:
      break;
  }
  return kUndecided;
}

int compare(const Options& options) {
  if (!options.gate.empty()) return judge(options);
  if (are_studies(options.runs)) {
    require(options.svg.empty(), "--svg: of runs; the charts of studies are on the page (--html)");
    return compare_studies(
        {.studies = options.runs, .html = options.html, .csv = options.csv, .json = options.json});
  }
  const report::Comparison comparison = report::compare(report::read_runs(options.runs));
  if (!options.html.empty()) write_file_atomically(options.html, to_html(comparison));
  if (!options.csv.empty()) write_file_atomically(options.csv, to_csv(comparison));
  if (!options.json.empty()) {
    write_file_atomically(options.json, dumped(json_of(comparison), 2) + "\n");
  }
  if (!options.svg.empty()) write_charts(comparison, options.svg);
  fmt::print("{}", to_text(comparison, columns_of(STDOUT_FILENO)));
  return 0;
}

}  // namespace

void add_compare(Command& app, Run& run) {
  Command* const command = app.add_subcommand(
      "compare", "Compare training runs, or studies: curves, means, energy, options");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  add_option(
      *command, "runs", options->runs,
      "Folders that joule train has written, at least two; or folders of studies; with --gate also "
      "reports of joule bench")
      ->required()
      ->type_name("DIR");
  const auto file = [&](const char* name, std::string& value, const char* help) {
    add_option(*command, name, value, help)->type_name("FILE");
  };
  file("--html", options->html,
       "A page with everything in it, for a browser; it opens without a network");
  file("--csv", options->csv, "A row for each epoch of each run");
  file("--json", options->json, "Every figure");
  add_option(*command, "--svg", options->svg, "The page's charts as SVG files in this folder")
      ->type_name("DIR");
  auto* const gate = add_option(*command, "--gate", options->gate,
                                "Folders of runs, or reports of joule bench, that are judged by "
                                "those in front: the exit code says whether they are worse")
                         ->type_name("PATH")
                         ->take_all();
  add_option(*command, "--gate-tolerance", options->gate_tolerance,
             "Changes of times, ratios, joules and memory that do not matter, in percent")
      ->capture_default_str()
      ->percent()
      ->needs(gate);
  add_option(*command, "--gate-level", options->gate_level,
             "How often, in percent, a gate may find what is not there")
      ->capture_default_str()
      ->percent()
      ->needs(gate);
  add_option(*command, "--gate-figures", options->gate_figures,
             "Judge only figures of these kinds: count, energy, ratio, time, memory")
      ->type_name("KIND,...")
      ->needs(gate);
  command
      ->add_flag("--gate-same-machine", options->gate_same_machine,
                 "State that all were measured on one machine, where files do not tell")
      ->needs(gate);
  command->callback([options, &run] { run = [options] { return compare(*options); }; });
}

}  // namespace joule::cli
