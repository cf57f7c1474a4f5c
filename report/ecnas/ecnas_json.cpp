// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "joule/report/ecnas/ecnas_parts.h"
#include "joule/search/space_json.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;

ordered_json json_of_spread(const nas::Spread& spread) {
  return {{"low", spread.low}, {"median", spread.median}, {"high", spread.high}};
}

ordered_json json_of_curve(const std::vector<nas::CurvePoint>& curve) {
  ordered_json json = ordered_json::array();
  for (const nas::CurvePoint& point : curve) {
    json.push_back({point.x, point.volume.low, point.volume.median, point.volume.high});
  }
  return json;
}

ordered_json json_of_evaluation(const nas::SearchEvaluation& evaluation) {
  ordered_json json{{"point", search::json_of(evaluation.point)}};
  for (const nas::Value& value : evaluation.values) {
    if (value.number) json[value.metric.name] = *value.number;
  }
  return json;
}

ordered_json json_of_run(const nas::Comparison& comparison, const nas::Method& method,
                         std::size_t r) {
  const nas::SearchRun& run = comparison.runs[method.runs[r]];
  ordered_json json{{"seed", run.seed},
                    {"evaluations", run.evaluations.size()},
                    {"hypervolume", method.landmarks[r].volume},
                    {"seconds", run.seconds},
                    {"front", ordered_json::array()}};
  for (const std::size_t i : method.landmarks[r].front) {
    json["front"].push_back(json_of_evaluation(run.evaluations[i]));
  }
  for (const EcnasMark mark :
       {EcnasMark::least_energy, EcnasMark::best_accuracy, EcnasMark::bend, EcnasMark::knee}) {
    const nas::SearchEvaluation* const e = ecnas_mark(comparison, method, r, mark);
    json[std::string(name(mark))] = e ? json_of_evaluation(*e) : ordered_json();
  }
  return json;
}

ordered_json json_of_swaps(const nas::SwapTable& table) {
  ordered_json json{
      {"metric", table.metric}, {"unit", table.unit}, {"swaps", ordered_json::array()}};
  for (std::size_t from = 0; from < nas::kCellOps; ++from) {
    for (std::size_t to = 0; to < nas::kCellOps; ++to) {
      const nas::OpSwap& swap = table.swaps[from][to];
      if (swap.pairs == 0) continue;
      json["swaps"].push_back({{"from", name(static_cast<nas::CellOp>(from))},
                               {"to", name(static_cast<nas::CellOp>(to))},
                               {"pairs", swap.pairs},
                               {"before", swap.before},
                               {"after", swap.after}});
    }
  }
  return json;
}

}  // namespace

ordered_json ecnas_json(const EcnasResults& results) {
  const nas::Comparison& comparison = results.comparison;
  ordered_json json{{"where", results.where},
                    {"vertices", results.vertices},
                    {"budgets", results.budgets},
                    {"objectives", ordered_json::array()},
                    {"reference", comparison.reference},
                    {"whole", comparison.whole ? ordered_json(*comparison.whole) : ordered_json()},
                    {"strategies", ordered_json::array()},
                    {"swaps", ordered_json::array()},
                    {"machine", results.machine},
                    {"joule", results.joule}};
  for (const nas::Objective& objective : comparison.objectives) {
    json["objectives"].push_back(
        {{"metric", objective.metric}, {"direction", name(objective.direction)}});
  }
  for (const nas::Method& method : comparison.methods) {
    ordered_json one{{"strategy", method.strategy},
                     {"sampler", method.sampler},
                     {"hypervolume", json_of_spread(method.volume)},
                     {"joules", json_of_spread(method.joules)},
                     {"no_cell", json_of_spread(method.invalid)},
                     {"over_evaluations", json_of_curve(method.over_evaluations)},
                     {"over_joules", json_of_curve(method.over_joules)},
                     {"runs", ordered_json::array()}};
    if (method.attainment) {
      one["attainment"] = {{"quarter", method.attainment->quarter},
                           {"median", method.attainment->median},
                           {"three_quarters", method.attainment->three_quarters}};
    }
    for (std::size_t r = 0; r < method.runs.size(); ++r) {
      one["runs"].push_back(json_of_run(comparison, method, r));
    }
    json["strategies"].push_back(std::move(one));
  }
  for (const nas::SwapTable& table : results.swaps) json["swaps"].push_back(json_of_swaps(table));
  return json;
}

}  // namespace joule::report
