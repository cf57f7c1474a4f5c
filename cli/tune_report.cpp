// SPDX-License-Identifier: MIT
#include "cli/tune_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace joule::cli {
namespace {

using nlohmann::ordered_json;

/// From here on the times of a quiet machine are likely to be others.
constexpr double kDisturbed = 1.25;

const MeasuredRow& choice(const TuningEntry& entry, const TuningDensities& densities) {
  return *entry.choose(densities, [](std::string_view) { return true; });
}

TuningDensities at(std::size_t operand, double density) {
  TuningDensities densities;
  densities.fill(1);
  densities[operand] = density;
  return densities;
}

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
    const MeasuredRow* below = &choice(result.entry, at(k, 0));
    for (int step = 1; step <= kSteps; ++step) {
      const double density = static_cast<double>(step) / kSteps;
      const MeasuredRow* const now = &choice(result.entry, at(k, density));
      if (now != below) found.push_back({result.operands[k], density, below->name, now->name});
      below = now;
    }
  }
  return found;
}

}  // namespace

TuneResult evaluate(const Candidate& candidate, const std::vector<std::string>& static_choices) {
  TuneResult result{
      .layer = candidate.layer, .entry = candidate.entry, .disturbance = candidate.disturbance};
  const TuningEntry& entry = result.entry;
  auto statically = static_choices.begin();
  const auto add = [&](const std::string& operand, std::size_t k, double density) {
    const MeasuredRow& best = choice(entry, at(k, density));
    const auto row = std::ranges::find(entry.rows, *statically, &MeasuredRow::name);
    std::optional<double> gain;  // the reference is not timed
    if (row != entry.rows.end()) {
      gain = entry.milliseconds(*row, at(k, density)) / entry.milliseconds(best, at(k, density));
    }
    result.points.push_back({operand, density, best.name, *statically++, gain});
  };
  add("", 0, 1);
  for (std::size_t k = 0; k < candidate.sparse.size(); ++k) {
    result.operands.push_back(candidate.sparse[k].name);
    for (const double density : entry.densities) add(candidate.sparse[k].name, k, density);
  }
  return result;
}

void print(const TuneResult& result) {
  const TuningEntry& entry = result.entry;
  fmt::print("{} {}, {}\n  {:<14}", result.layer, entry.op,
             entry.threads == 1 ? "1 thread" : str(entry.threads, " threads"), "density");
  for (const MeasuredRow& row : entry.rows) fmt::print(" {:>20}", row.name);
  fmt::print("  measured choice (static choice, gain)\n");
  for (const Point& point : result.points) {
    const auto k = static_cast<std::size_t>(std::ranges::find(result.operands, point.operand) -
                                            result.operands.begin());
    const auto densities = at(point.operand.empty() ? 0 : k, point.density);
    fmt::print("  {:<14}", point.operand.empty()
                               ? "no zeros"
                               : fmt::format("{} {:g}", point.operand, point.density));
    for (const MeasuredRow& row : entry.rows) {
      fmt::print(" {:>17.4f} ms", entry.milliseconds(row, densities));
    }
    fmt::print("  {}", point.measured);
    if (point.measured != point.statically) {
      fmt::print(" ({}, {})", point.statically,
                 point.gain ? fmt::format("{:.2f}x", *point.gain) : "not timed");
    }
    fmt::print("\n");
  }
  if (result.disturbance > kDisturbed) {
    fmt::print("  the machine was busy: half of the rounds of a row took {:.1f} times its least\n",
               result.disturbance);
  }
  for (const Crossover& c : crossovers(result)) {
    fmt::print("  {} below {} {:.3f}, above it {}\n", c.below, c.operand, c.density, c.above);
  }
  fmt::print("\n");
  std::fflush(stdout);
}

ordered_json to_json(const TuneResult& result) {
  const TuningEntry& entry = result.entry;
  ordered_json rows = ordered_json::array(), points = rows, crossing = rows;
  for (const MeasuredRow& row : entry.rows) {
    rows.push_back({{"name", row.name}, {"dense_ms", row.dense_ms}, {"sparse_ms", row.sparse_ms}});
  }
  for (const Point& p : result.points) {
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
