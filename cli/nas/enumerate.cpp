// SPDX-License-Identifier: MIT
#include "joule/nas/cell/enumerate.h"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/nas/nas.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/csv.h"
#include "joule/io/json_dump.h"
#include "joule/nas/cell/cell_json.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  joule nas enumerate --vertices 5 --count
      2532
  joule nas enumerate --vertices 4 --csv cells.csv
  joule nas enumerate --vertices 7 --json cells.json
      423 624 cells: about ten seconds on two cores, and 110 MB

Every cell with at most so many vertices and edges in which each vertex lies
on a way from input to output.  What has one fingerprint is one cell.)";

struct Options {
  int vertices = 4, edges = 9;
  bool count = false;
  std::string json, csv;
};

void write_json(const std::string& path, const std::vector<nas::NamedCell>& cells,
                const nas::CellLimits& limits) {
  AtomicFile file(path);
  const auto write = [&](const std::string& text) { file.write(text.data(), text.size()); };
  write(str("{\"format\": \"joule cells\", \"version\": 1, \"vertices\": ", limits.vertices,
            ", \"edges\": ", limits.edges, ", \"cells\": [\n"));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    nlohmann::ordered_json line{{"hash", to_text(cells[i].fingerprint)}};
    line.update(json_of(cells[i].cell));
    write(dumped(line) + (i + 1 < cells.size() ? ",\n" : "\n"));
  }
  write("]}\n");
  file.commit();
}

void write_csv(const std::string& path, const std::vector<nas::NamedCell>& cells) {
  AtomicFile file(path);
  const auto write = [&](const std::array<std::string, 4>& row) {
    const std::string text = csv_row(row);
    file.write(text.data(), text.size());
  };
  write({"hash", "vertices", "edges", "cell"});
  for (const auto& [cell, fingerprint] : cells) {
    write({to_text(fingerprint), std::to_string(cell.vertices()), std::to_string(cell.edges()),
           to_text(cell)});
  }
  file.commit();
}

/// How many cells there are with each number of vertices.
void print_counts(const std::vector<nas::NamedCell>& cells, const nas::CellLimits& limits) {
  std::array<std::int64_t, nas::Cell::kMostVertices + 1> with{};
  for (const nas::NamedCell& each : cells) ++with[static_cast<std::size_t>(each.cell.vertices())];
  report::TextTable table{.head = {"vertices", "cells"}, .names = 1};
  for (int v = nas::Cell::kLeastVertices; v <= limits.vertices; ++v) {
    table.rows.push_back(
        {fmt::format("{}", v), fmt::format("{}", with[static_cast<std::size_t>(v)])});
  }
  table.rows.push_back({"all", fmt::format("{}", cells.size())});
  fmt::print("{}", text_of(table, columns_of(STDOUT_FILENO)));
}

int enumerate(const Options& options) {
  const nas::CellLimits limits{options.vertices, options.edges};
  const std::vector<nas::NamedCell> cells = nas::enumerate(limits);
  if (!options.json.empty()) write_json(options.json, cells, limits);
  if (!options.csv.empty()) write_csv(options.csv, cells);
  if (options.count) {
    fmt::print("{}\n", cells.size());
  } else {
    print_counts(cells, limits);
  }
  return 0;
}

}  // namespace

void add_nas_enumerate(Command& nas, Run& run) {
  Command* const command = nas.add_subcommand("enumerate", "List all cells of a space");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  add_option(*command, "--vertices", options->vertices, "Most vertices, 2 to 7")
      ->capture_default_str();
  add_option(*command, "--edges", options->edges, "Most edges, 1 to 21")->capture_default_str();
  command->add_flag("--count", options->count, "Print only the number of cells");
  add_option(*command, "--json", options->json, "Write the cells to FILE as JSON")
      ->type_name("FILE");
  add_option(*command, "--csv", options->csv, "Write the cells to FILE, a row per cell")
      ->type_name("FILE");
  command->callback([options, &run] { run = [options] { return enumerate(*options); }; });
}

}  // namespace joule::cli
