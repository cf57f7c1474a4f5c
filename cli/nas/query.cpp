// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "joule/cli/nas/nas.h"
#include "joule/cli/terminal/terminal.h"
#include "joule/core/error.h"
#include "joule/io/input_file.h"
#include "joule/io/json_dump.h"
#include "joule/nas/cell/cell_json.h"
#include "joule/nas/table/info.h"
#include "joule/nas/table/table.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  joule nas query 5v.db --matrix "0110;0010;0001;0000" \
      --ops conv3x3-bn-relu,maxpool3x3
  joule nas query 5v.db --cell cell.json --epochs 4 --json
  joule nas query 5v.db --hash fff0c9c7d8826ddd949823a245927898 --half
      what the checkpoint halfway had, and cost
  joule nas query 5v.db --info
      points, cells, budgets and what all trainings took

Cells that are isomorphic get the same answer.)";

struct Options {
  std::string table, cell, matrix, ops, hash;
  std::optional<std::int64_t> epochs, repeat;
  bool half = false, json = false, info = false;
};

/// The cell that is asked for; none if it is asked for by its hash.
std::optional<nas::Cell> cell_of(const Options& o) {
  const int ways = !o.cell.empty() + !o.matrix.empty() + !o.hash.empty();
  require(ways == 1, "which cell?  Expected --cell, --matrix with --ops, or --hash");
  if (!o.hash.empty()) return std::nullopt;
  if (!o.matrix.empty()) {
    std::string text = o.matrix;
    for (char& c : text) c = c == ';' ? '/' : c;
    return nas::parse_cell(text + (o.ops.empty() ? "" : ":" + o.ops));
  }
  const bool file = std::filesystem::exists(o.cell);
  try {
    return nas::parse_cell(file ? read_file(o.cell) : o.cell);
  } catch (const ArgumentError& error) {
    if (file) throw DataError(str(o.cell, ": ", error.what()));
    throw;
  }
}

/// Of each budget that is asked for.
std::vector<nas::Answer> answers(nas::Table& table, const Options& o) {
  const std::optional<nas::Cell> cell = cell_of(o);
  const nas::Fingerprint hash = cell ? nas::Fingerprint{} : nas::parse_fingerprint(o.hash);
  const nas::QueryOptions options{.stop_halfway = o.half, .repeat = o.repeat};
  const auto query = [&](std::int64_t epochs) {
    return cell ? table.query(*cell, epochs, options) : table.query(hash, epochs, options);
  };
  if (o.epochs) return {query(*o.epochs)};
  std::vector<nas::Answer> all;
  for (const std::int64_t epochs : table.budgets()) {
    const auto found =
        cell ? table.find(*cell, epochs, options) : table.find(hash, epochs, options);
    if (found) all.push_back(*found);
  }
  if (all.empty()) query(table.budgets().empty() ? 1 : table.budgets().front());  // says why
  return all;
}

ordered_json json_of(const nas::Value& value) {
  ordered_json json{{"name", value.metric.name},
                    {"checkpoint", name(value.metric.at)},
                    {"number", nullptr},
                    {"unit", value.metric.unit},
                    {"quality", name(value.origin.quality)}};
  if (value.number) json["number"] = *value.number;
  if (value.low) json["interval"] = {*value.low, *value.high};
  json["source"] = value.origin.source;
  if (!value.origin.reason.empty()) json["reason"] = value.origin.reason;
  return json;
}

ordered_json json_of(const nas::Spent& spent) {
  return {{"queries", spent.queries}, {"epochs", spent.epochs},
          {"seconds", spent.seconds}, {"queries without seconds", spent.without_seconds},
          {"joules", spent.joules},   {"queries without joules", spent.without_joules}};
}

void print_json(const nas::Table& table, const std::vector<nas::Answer>& all) {
  ordered_json list = ordered_json::array();
  for (const nas::Answer& answer : all) {
    ordered_json one{{"hash", to_text(fingerprint(answer.cell()))},
                     {"cell", nas::json_of(answer.cell())},
                     {"epochs", answer.epochs()},
                     {"halfway", answer.halfway()},
                     {"trainings", answer.repeats()},
                     {"values", ordered_json::array()}};
    for (const nas::Value& value : answer.values()) one["values"].push_back(json_of(value));
    list.push_back(std::move(one));
  }
  const ordered_json body{{"answers", list}, {"spent", json_of(table.spent())}};
  fmt::print("{}\n", dumped(with_schema("joule.nas.answers", 1, body), 2));
}

/// "measured.jsonl", "none: no meter was asked for".
std::string where_from(const nas::Origin& origin) {
  if (origin.source.empty() || origin.reason.empty()) return origin.source + origin.reason;
  return origin.source + ": " + origin.reason;
}

std::vector<std::string> row_of(const nas::Value& value) {
  const auto number = [&](double n) { return fmt::format("{:.7g}", n); };
  const std::string unit = value.metric.unit.empty() ? "" : " " + value.metric.unit;
  const bool at_end = value.metric.at == nas::Checkpoint::end;
  return {
      at_end ? value.metric.name : fmt::format("{} {}", name(value.metric.at), value.metric.name),
      value.number ? number(*value.number) + unit : "-",
      value.low ? fmt::format("[{}, {}]", number(*value.low), number(*value.high)) : "",
      std::string(name(value.origin.quality)), where_from(value.origin)};
}

void print_text(const nas::Table& table, const std::vector<nas::Answer>& all) {
  fmt::print("cell {}\nhash {}\n", to_text(all.front().cell()),
             to_text(fingerprint(all.front().cell())));
  for (const nas::Answer& answer : all) {
    fmt::print("\n{} epochs{}{}\n", answer.epochs(), answer.halfway() ? ", stopped halfway" : "",
               answer.repeats() > 1 ? fmt::format(", mean of {} trainings", answer.repeats()) : "");
    report::TextTable text{.head = {"", "", "95 % interval", "", "source"}, .names = 1, .texts = 2};
    for (const nas::Value& value : answer.values()) text.rows.push_back(row_of(value));
    fmt::print("{}", text_of(text));
  }
  const nas::Spent& spent = table.spent();
  fmt::print("\nTraining instead: {:g} epochs", spent.epochs);
  if (spent.without_seconds == 0) fmt::print(", {:.7g} s", spent.seconds);
  if (spent.without_joules == 0) fmt::print(", {:.7g} J", spent.joules);
  fmt::print("\n");
}

ordered_json json_of(const nas::TableInfo& info) {
  ordered_json json{{"points", info.points},
                    {"cells", info.models},
                    {"vertices", ordered_json::object()},
                    {"most edges", info.edges},
                    {"operations", ordered_json::object()},
                    {"budgets", ordered_json::object()},
                    {"totals", ordered_json::array()}};
  for (const auto& [vertices, cells] : info.vertices) json["vertices"][str(vertices)] = cells;
  for (const auto& [op, cells] : info.operations) json["operations"][str(name(op))] = cells;
  for (const auto& [epochs, points] : info.budgets) json["budgets"][str(epochs)] = points;
  for (const nas::Total& t : info.totals) {
    json["totals"].push_back({{"epochs", t.epochs},
                              {"name", t.name},
                              {"sum", t.sum},
                              {"unit", t.unit},
                              {"quality", name(t.quality)},
                              {"points", t.points}});
  }
  return json;
}

/// "4: 91, 12: 91".
template <class Map, class Text>
std::string listed(const Map& map, Text&& text) {
  std::string all;
  for (const auto& [key, count] : map) {
    all += fmt::format("{}{}: {}", all.empty() ? "" : ", ", text(key), count);
  }
  return all;
}

void print_info(const nas::TableInfo& info) {
  const auto same = [](auto number) { return number; };
  fmt::print("{} records of {} cells\n", info.points, info.models);
  fmt::print("cells by vertices: {}; at most {} edges\n", listed(info.vertices, same), info.edges);
  fmt::print("cells by operations: {}\n",
             listed(info.operations, [](nas::CellOp op) { return name(op); }));
  fmt::print("records by epochs: {}\n", listed(info.budgets, same));
  report::TextTable text{.head = {"epochs", "all together", "sum", "quality", "records"},
                         .names = 2};
  for (const nas::Total& t : info.totals) {
    text.rows.push_back({fmt::format("{}", t.epochs), t.name,
                         fmt::format("{:.7g} {}", t.sum, t.unit), std::string(name(t.quality)),
                         fmt::format("{}", t.points)});
  }
  if (!text.rows.empty()) fmt::print("{}", text_of(text, columns_of(STDOUT_FILENO)));
}

int query(const Options& options) {
  nas::Table table = nas::Table::open(options.table);
  if (options.info) {
    const nas::TableInfo info = info_of(table);
    options.json ? fmt::print("{}\n", dumped(with_schema("joule.nas.table", 1, json_of(info)), 2))
                 : print_info(info);
    return 0;
  }
  const std::vector<nas::Answer> all = answers(table, options);
  options.json ? print_json(table, all) : print_text(table, all);
  return 0;
}

}  // namespace

void add_nas_query(Command& nas, Run& run) {
  Command* const command = nas.add_subcommand("query", "Look up a cell in a table");
  command->footer(kExamples);
  const auto options = std::make_shared<Options>();
  add_option(*command, "table", options->table, "The table")->type_name("TABLE")->required();
  Option* const cell =
      add_option(*command, "--cell", options->cell, "The cell, or a JSON file that holds it")
          ->type_name("CELL");
  Option* const matrix =
      add_option(*command, "--matrix", options->matrix, "Its adjacency matrix, 0110;0010;0001;0000")
          ->type_name("ROWS")
          ->excludes(cell);
  add_option(*command, "--ops", options->ops, "Its interior operations, with commas")
      ->type_name("OPS")
      ->needs(matrix);
  Option* const hash = add_option(*command, "--hash", options->hash, "Its hash, 32 digits")
                           ->type_name("HASH")
                           ->excludes(cell)
                           ->excludes(matrix);
  add_option(*command, "--epochs", options->epochs, "Only this budget")->type_name("N");
  add_option(*command, "--repeat", options->repeat,
             "Only this training, instead of the mean of all")
      ->type_name("N");
  command->add_flag("--half", options->half,
                    "The accuracy and cost at the checkpoint halfway through training");
  command->add_flag("--info", options->info, "What the table holds")
      ->excludes(cell)
      ->excludes(matrix)
      ->excludes(hash);
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options, &run] { run = [options] { return query(*options); }; });
}

}  // namespace joule::cli
