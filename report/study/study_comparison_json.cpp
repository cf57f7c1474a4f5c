// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/csv.h"
#include "joule/io/json_dump.h"
#include "joule/report/study/study_comparison_outputs.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;

ordered_json interval_json(const std::optional<search::Interval>& interval) {
  return interval ? ordered_json{interval->low, interval->high} : ordered_json();
}

ordered_json figure_json(const StudyQuantity& quantity, const ArmFigure& figure) {
  ordered_json json{
      {"name", quantity.name}, {"unit", quantity.unit}, {"quality", name(quantity.quality)}};
  if (!figure.mean) {
    json["reason"] = figure.reason;
    return json;
  }
  json["n"] = figure.mean->n;
  json["mean"] = figure.mean->mean;
  json["interval"] = interval_json(figure.mean->interval);
  json["values"] = figure.values;
  return json;
}

ordered_json difference_json(const StudyQuantity& quantity, const ArmDifference& d) {
  ordered_json json{
      {"name", quantity.name}, {"unit", quantity.unit}, {"quality", name(quantity.quality)}};
  if (!d.difference) {
    json["reason"] = d.reason;
    return json;
  }
  json["difference"] = d.difference->difference;
  json["interval"] = interval_json(d.difference->interval);
  json["n"] = {d.difference->n_a, d.difference->n_b};
  json["paired"] = d.paired;
  return json;
}

std::string text_of(const search::PointValue* value) {
  if (!value) return {};
  const auto* const text = std::get_if<std::string>(value);
  return text ? *text : search::shown(*value);
}

}  // namespace

ordered_json json_of(const StudyComparison& c) {
  ordered_json json{{"studies", ordered_json::array()},
                    {"arms", ordered_json::array()},
                    {"front", ordered_json()},
                    {"front_not_told_apart", ordered_json::array()},
                    {"left_out_of_front", c.left_out},
                    {"differs", ordered_json::object()},
                    {"warnings", c.warnings}};
  for (const ComparedStudy& s : c.studies) {
    json["studies"].push_back({{"name", s.name},
                               {"study", s.study.definition.name},
                               {"kind", s.study.definition.kind},
                               {"joule", s.study.origin.joule},
                               {"machine", s.study.origin.machine},
                               {"trials", s.trials.size()}});
  }
  const std::vector<std::size_t> known = c.known();
  for (std::size_t i = 0; i < c.arms.size(); ++i) {
    const Arm& arm = c.arms[i];
    ordered_json of_arm{{"study", c.studies[arm.study].name},
                        {"name", arm.name},
                        {"point", ordered_json::object()},
                        {"complete", arm.complete.size()},
                        {"failed", arm.failed},
                        {"pruned", arm.pruned},
                        {"open", arm.open},
                        {"values", ordered_json::array()},
                        {"differences", ordered_json::array()}};
    for (const auto& [name, value] : arm.point.entries()) {
      ordered_json& to = of_arm["point"][name];
      std::visit([&to](const auto& v) { to = v; }, value);
    }
    for (const std::size_t q : known) {
      of_arm["values"].push_back(figure_json(c.quantities[q], arm.figures[q]));
      if (i == 0) continue;
      of_arm["differences"].push_back(difference_json(c.quantities[q], c.differences[i][q]));
    }
    json["arms"].push_back(std::move(of_arm));
  }
  if (c.front) json["front"] = *c.front;
  for (const auto& [a, b] : c.unseparated) json["front_not_told_apart"].push_back({a, b});
  for (const Contrast& contrast : c.contrasts) json["differs"][contrast.what] = contrast.values;
  return with_schema("joule.study.compare", 1, json);
}

std::string to_csv(const StudyComparison& c) {
  std::vector<std::string> dimensions;
  for (const Arm& arm : c.arms) {
    for (const auto& entry : arm.point.entries()) {
      if (std::ranges::find(dimensions, entry.first) == dimensions.end()) {
        dimensions.push_back(entry.first);
      }
    }
  }
  const std::vector<std::size_t> known = c.known();
  std::vector<std::string> head{"study", "arm"};
  head.insert(head.end(), dimensions.begin(), dimensions.end());
  head.insert(head.end(), {"complete", "failed", "pruned", "open"});
  for (const std::size_t q : known) {
    const StudyQuantity& quantity = c.quantities[q];
    const std::string of =
        str(quantity.name, " [", quantity.unit.empty() ? "" : quantity.unit + ", ",
            name(quantity.quality), "]");
    for (const char* what : {"", " n", " low", " high"}) head.push_back(of + what);
  }
  std::string csv = csv_row(head);
  for (const Arm& arm : c.arms) {
    std::vector<std::string> row{c.studies[arm.study].name, arm.name};
    for (const std::string& name : dimensions) row.push_back(text_of(arm.point.find(name)));
    row.push_back(std::to_string(arm.complete.size()));
    for (const std::int64_t count : {arm.failed, arm.pruned, arm.open}) {
      row.push_back(std::to_string(count));
    }
    for (const std::size_t q : known) {
      const auto& mean = arm.figures[q].mean;
      const search::Interval* const interval = mean && mean->interval ? &*mean->interval : nullptr;
      row.push_back(mean ? fmt::format("{}", mean->mean) : "");
      row.push_back(mean ? std::to_string(mean->n) : "");
      row.push_back(interval ? fmt::format("{}", interval->low) : "");
      row.push_back(interval ? fmt::format("{}", interval->high) : "");
    }
    csv += csv_row(row);
  }
  return csv;
}

}  // namespace joule::report
