// SPDX-License-Identifier: MIT
#include "joule/nas/surrogate/surrogate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/atomic_file.h"
#include "joule/io/input_file.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/nas/network/network.h"
#include "joule/nas/surrogate/features.h"
#include "joule/nas/surrogate/in_parallel.h"

namespace joule::nas {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "joule energy surrogate";
constexpr int kSurrogateVersion = 1;

std::vector<Cell> cells_of(std::span<const MeasuredCell> measured) {
  std::vector<Cell> cells;
  for (const MeasuredCell& one : measured) cells.push_back(one.cell);
  return cells;
}

std::vector<double> logs_of(std::span<const MeasuredCell> measured) {
  std::vector<double> logs;
  for (const MeasuredCell& one : measured) logs.push_back(std::log(one.joules));
  return logs;
}

ordered_json json_of(const Tree& tree) {
  ordered_json nodes = ordered_json::array();
  for (const TreeNode& node : tree) {
    if (node.column < 0) {
      nodes.push_back({node.value});
    } else {
      nodes.push_back({node.column, node.threshold, node.left, node.right});
    }
  }
  return nodes;
}

Tree tree_of(const ordered_json& nodes) {
  Tree tree;
  for (const ordered_json& node : nodes) {
    require(node.is_array() && (node.size() == 1 || node.size() == 4),
            "expected a node as [value] or [column, threshold, left, right]");
    if (node.size() == 1) {
      tree.push_back({.value = node[0].get<double>()});
    } else {
      tree.push_back({.column = node[0].get<std::int32_t>(),
                      .left = node[2].get<std::int32_t>(),
                      .right = node[3].get<std::int32_t>(),
                      .threshold = node[1].get<double>()});
    }
  }
  return tree;
}

}  // namespace

EnergySurrogate::EnergySurrogate(std::span<const MeasuredCell> train,
                                 std::span<const MeasuredCell> calibrate, std::int64_t epochs,
                                 const BoostingOptions& options, double level)
    : level_(level), epochs_(epochs), trained_(train.size()), calibrated_(calibrate.size()) {
  require(level > 0 && level < 1, "surrogate: expected a level between 0 and 1, got ", level);
  const auto n = static_cast<double>(calibrate.size());
  const auto rank = static_cast<std::size_t>(std::ceil((n + 1) * level));
  require(rank >= 1 && rank <= calibrate.size(), "surrogate: intervals of the level ", level,
          " need more cells to calibrate on than ", calibrate.size());
  trees_ = BoostedTrees(features_of(cells_of(train)), logs_of(train), options);
  const Rows rows = features_of(cells_of(calibrate));
  const std::vector<double> logs = logs_of(calibrate);
  std::vector<double> errors;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    errors.push_back(std::abs(logs[i] - trees_.predict(rows[i])));
  }
  std::ranges::sort(errors);
  half_width_ = errors[rank - 1];
}

PredictedEnergy EnergySurrogate::of(std::span<const double> features) const {
  const double log = trees_.predict(features);
  return {.joules = std::exp(log),
          .low = std::exp(log - half_width_),
          .high = std::exp(log + half_width_)};
}

PredictedEnergy EnergySurrogate::predict(const Cell& cell) const { return of(features_of(cell)); }

std::vector<PredictedEnergy> EnergySurrogate::predict(std::span<const Cell> cells) const {
  const Rows rows = features_of(cells);
  std::vector<PredictedEnergy> all(cells.size());
  in_parallel(all.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) all[i] = of(rows[i]);
  });
  return all;
}

void EnergySurrogate::save(const std::string& path) const {
  ordered_json json{
      {"format", kFormat},       {"version", kSurrogateVersion},  {"epochs", epochs_},
      {"unit", "log J"},         {"trained", trained_},           {"calibrated", calibrated_},
      {"level", level_},         {"half_width", half_width_},     {"features", feature_names()},
      {"start", trees_.start()}, {"trees", ordered_json::array()}};
  for (const Tree& tree : trees_.trees()) json["trees"].push_back(json_of(tree));
  write_file_atomically(path, dumped(json) + '\n');
}

EnergySurrogate EnergySurrogate::open(const std::string& path) {
  const std::string text = read_file(path, kMaxTextBytes, "a surrogate");
  try {
    const std::string fault = fault_of_json(text);
    require(fault.empty(), fault);
    const ordered_json json = ordered_json::parse(text);
    require(json.is_object() && json.value("format", "") == kFormat,
            "is no surrogate that Joule wrote");
    require(json.at("version") == kSurrogateVersion, "is a surrogate of version ",
            json.at("version").dump(), "; this Joule reads version ", kSurrogateVersion);
    const auto names = json.at("features").get<std::vector<std::string>>();
    require(std::ranges::equal(names, feature_names()), "was made of other features");
    EnergySurrogate made;
    made.epochs_ = json.at("epochs").get<std::int64_t>();
    made.trained_ = json.at("trained").get<std::size_t>();
    made.calibrated_ = json.at("calibrated").get<std::size_t>();
    made.level_ = json.at("level").get<double>();
    made.half_width_ = json.at("half_width").get<double>();
    require(made.epochs_ >= 1 && made.half_width_ >= 0, "epochs or half_width cannot be");
    std::vector<Tree> trees;
    for (const ordered_json& tree : json.at("trees")) trees.push_back(tree_of(tree));
    made.trees_ = BoostedTrees(names.size(), json.at("start").get<double>(), std::move(trees));
    return made;
  } catch (const ArgumentError& error) {
    throw DataError(str(path, ": ", error.what()));
  } catch (const ordered_json::exception& error) {
    throw DataError(str(path, ": ", error.what()));
  }
}

Table predicted_table(const EnergySurrogate& surrogate, std::span<const NamedCell> cells,
                      const std::string& source) {
  std::vector<Cell> all;
  for (const NamedCell& one : cells) all.push_back(one.cell);
  const std::vector<PredictedEnergy> energies = surrogate.predict(all);
  const Origin counted{.quality = Quality::counted, .source = "the formulas of its layers"};
  const Origin modelled{.quality = Quality::modelled,
                        .source = str(source, ", a surrogate trained on ", surrogate.trained(),
                                      " cells; interval of ", surrogate.level() * 100, " %")};
  Table table;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto parameters = static_cast<double>(counts_of(cells[i].cell, {}).parameters);
    table.add({.cell = cells[i].cell,
               .epochs = surrogate.epochs(),
               .values = {{.metric = {.name = kParameters, .at = Checkpoint::run},
                           .number = parameters,
                           .origin = counted},
                          {.metric = {.name = kEnergy, .unit = "J"},
                           .number = energies[i].joules,
                           .origin = modelled,
                           .low = energies[i].low,
                           .high = energies[i].high}},
               .fingerprint = cells[i].fingerprint});
  }
  return table;
}

}  // namespace joule::nas
