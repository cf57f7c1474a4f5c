// SPDX-License-Identifier: MIT
#include "joule/cli/output/tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/report/text_layout.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;
using tune::TuneResult;

/// From here on the times of a quiet machine are likely to be others.
constexpr double kDisturbed = 1.25;

/// Below this density of one operand `below` is chosen, above it `above`.
struct Crossover {
  std::string operand;
  double density;
  std::string below, above;
};

std::vector<Crossover> crossovers(const TuneResult& result) {
  constexpr int kSteps = 1000;
  std::vector<Crossover> found;
  for (std::size_t k = 0; k < result.operands.size(); ++k) {
    const MeasuredRow* below = &tune::choice(result.entry, tune::densities_at(k, 0));
    for (int step = 1; step <= kSteps; ++step) {
      const double density = static_cast<double>(step) / kSteps;
      const MeasuredRow* const now = &tune::choice(result.entry, tune::densities_at(k, density));
      if (now != below) found.push_back({result.operands[k], density, below->name, now->name});
      below = now;
    }
  }
  return found;
}

}  // namespace

std::string text(const TuneResult& result, std::size_t width) {
  const TuningEntry& entry = result.entry;
  report::TextTable table{.head = {"  density"}};
  for (const MeasuredRow& row : entry.rows) table.head.push_back(row.name);
  table.head.emplace_back("measured choice (static choice, gain)");
  for (const tune::Point& point : result.points) {
    const auto k = static_cast<std::size_t>(std::ranges::find(result.operands, point.operand) -
                                            result.operands.begin());
    const auto densities = tune::densities_at(point.operand.empty() ? 0 : k, point.density);
    std::vector<std::string>& cells = table.rows.emplace_back(
        1, point.operand.empty() ? "  no zeros"
                                 : fmt::format("  {} {:g}", point.operand, point.density));
    for (const MeasuredRow& row : entry.rows) {
      cells.push_back(fmt::format("{:.4f} ms", entry.milliseconds(row, densities)));
    }
    cells.push_back(
        point.measured == point.statically
            ? point.measured
            : fmt::format("{} ({}, {})", point.measured, point.statically,
                          point.gain ? fmt::format("{:.2f}x", *point.gain) : "not timed"));
  }
  std::string text = fmt::format("{} {}, {}\n{}", result.layer, entry.op,
                                 entry.threads == 1 ? "1 thread" : str(entry.threads, " threads"),
                                 text_of(table, width));
  const auto out = std::back_inserter(text);
  if (result.disturbance > kDisturbed) {
    fmt::format_to(out,
                   "  the machine was busy: half of the rounds of an implementation took {:.1f} "
                   "times its least\n",
                   result.disturbance);
  }
  for (const Crossover& c : crossovers(result)) {
    fmt::format_to(out, "  {} below {} {:.3f}, above it {}\n", c.below, c.operand, c.density,
                   c.above);
  }
  fmt::format_to(out, "\n");
  return text;
}

ordered_json to_json(const TuneResult& result) {
  const TuningEntry& entry = result.entry;
  ordered_json rows = ordered_json::array(), points = rows, crossing = rows;
  for (const MeasuredRow& row : entry.rows) {
    rows.push_back({{"name", row.name}, {"dense_ms", row.dense_ms}, {"sparse_ms", row.sparse_ms}});
  }
  for (const tune::Point& p : result.points) {
    points.push_back({{"operand", p.operand.empty() ? ordered_json() : ordered_json(p.operand)},
                      {"density", p.density},
                      {"choice", p.measured},
                      {"static_choice", p.statically},
                      {"gain", p.gain ? ordered_json(*p.gain) : ordered_json()}});
  }
  for (const Crossover& c : crossovers(result)) {
    crossing.push_back(
        {{"operand", c.operand}, {"density", c.density}, {"below", c.below}, {"above", c.above}});
  }
  return {{"layer", result.layer},
          {"op", entry.op},
          {"device", name(entry.device)},
          {"threads", entry.threads},
          {"sizes", entry.sizes},
          {"operands", result.operands},
          {"densities", entry.densities},
          {"rows", rows},
          {"disturbance", result.disturbance},
          {"points", points},
          {"crossovers", crossing}};
}

}  // namespace joule::cli
