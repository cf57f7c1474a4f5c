// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

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

A run that is not finished is compared as far as it came, and marked. Measured
and modelled energies stay apart. If runs were taken on different machines, or
none is recorded, that is said.)";

struct Options {
  std::vector<std::string> runs;
  std::string html, csv, json, svg;
};

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

int compare(const Options& options) {
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
  add_option(*command, "runs", options->runs,
             "Folders that joule train has written, at least two; or folders of studies")
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
  command->callback([options, &run] { run = [options] { return compare(*options); }; });
}

}  // namespace joule::cli
