// SPDX-License-Identifier: MIT
#include "joule/study/study_json.h"

#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/json_dump.h"
#include "joule/io/json_text.h"
#include "joule/search/space_json.h"
#include "joule/study/export.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;

ordered_json array_of_goals(const std::vector<Goal>& goals) {
  ordered_json out = ordered_json::array();
  for (const Goal& goal : goals) {
    out.push_back({{"value", goal.value}, {"direction", name(goal.direction)}});
    if (goal.limit) out.back()["limit"] = *goal.limit;
  }
  return out;
}

ordered_json object_of_pruner(const search::PrunerSettings& p) {
  if (p.name == "none") return p.name;
  return {{"name", p.name},
          {"startup_trials", p.startup_trials},
          {"warmup_steps", p.warmup_steps},
          {"most_steps", p.most_steps},
          {"reduction", p.reduction}};
}

ordered_json array_of_points(const std::vector<search::Point>& points) {
  ordered_json out = ordered_json::array();
  for (const search::Point& point : points) out.push_back(search::json_of(point));
  return out;
}

ordered_json array_of_values(const std::vector<Value>& values) {
  ordered_json out = ordered_json::array();
  for (const Value& value : values) out.push_back(json_of(value));
  return out;
}

ordered_json parsed_array(std::string_view text, const std::string& where) {
  const std::string fault = fault_of_json(text);
  if (!fault.empty()) throw DataError(where + ": " + fault);
  ordered_json json = ordered_json::parse(text);
  if (!json.is_array()) throw DataError(where + ": expected an array");
  return json;
}

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

}  // namespace

ordered_json json_of(const StudyDefinition& d) {
  return {
      {"name", d.name},
      {"kind", d.kind},
      {"config", ordered_json::parse(d.config)},
      {"space", search::json_of(d.space)},
      {"goals", array_of_goals(d.goals)},
      {"sampler", d.sampler},
      {"seed", d.seed},
      {"fixed", array_of_points(d.fixed)},
      {"pruner", object_of_pruner(d.pruner)},
      {"trials", or_null(d.trials)},
      {"energy_budget", d.energy_budget ? ordered_json(d.energy_budget->value()) : ordered_json()}};
}

ordered_json json_of(const Origin& origin) {
  return {{"created", utc(origin.created)},
          {"joule", origin.joule},
          {"host", origin.host},
          {"machine", origin.machine}};
}

ordered_json json_of(const Value& value) {
  ordered_json json{{"name", value.name},
                    {"number", or_null(value.number)},
                    {"unit", value.unit},
                    {"quality", name(value.quality)}};
  if (value.low) json["interval"] = {*value.low, *value.high};
  if (!value.source.empty()) json["source"] = value.source;
  if (!value.reason.empty()) json["reason"] = value.reason;
  return json;
}

ordered_json json_of(const Trial& trial) {
  ordered_json reports = ordered_json::array();
  for (const Report& report : trial.reports) {
    reports.push_back({{"epoch", report.epoch}, {"values", array_of_values(report.values)}});
  }
  return {{"number", trial.number},
          {"state", name(trial.state)},
          {"point", search::json_of(trial.point)},
          {"seed", trial.seed},
          {"started", trial.started ? ordered_json(utc(*trial.started)) : ordered_json()},
          {"ended", trial.ended ? ordered_json(utc(*trial.ended)) : ordered_json()},
          {"worker", trial.worker},
          {"host", trial.host},
          {"attempts", trial.token},
          {"crashes", trial.crashes},
          {"error", trial.error},
          {"proposal", array_of_values(trial.proposal)},
          {"values", array_of_values(trial.values)},
          {"reports", reports}};
}

std::string goals_json(const std::vector<Goal>& goals) { return dumped(array_of_goals(goals)); }

std::vector<Goal> parse_goals(std::string_view text, const std::string& where) {
  std::vector<Goal> goals;
  for (const ordered_json& json : parsed_array(text, where)) {
    if (!json.is_object() || !json.contains("value") || !json["value"].is_string() ||
        !json.contains("direction") || !json["direction"].is_string() ||
        (json.contains("limit") && !json["limit"].is_number())) {
      throw DataError(
          str(where, ": expected a goal's value, direction and maybe limit, got ", dumped(json)));
    }
    try {
      goals.push_back({json["value"],
                       search::parse_direction(json["value"].get_ref<const std::string&>(),
                                               json["direction"].get_ref<const std::string&>())});
      if (json.contains("limit")) goals.back().limit = json["limit"];
    } catch (const ArgumentError& error) {
      throw DataError(where + ": " + error.what());
    }
  }
  return goals;
}

std::string pruner_json(const search::PrunerSettings& pruner) {
  return dumped(object_of_pruner(pruner));
}

search::PrunerSettings parse_pruner(std::string_view text, const std::string& where) {
  search::PrunerSettings out;
  if (text.empty()) return out;
  const std::string fault = fault_of_json(text);
  if (!fault.empty()) throw DataError(where + ": " + fault);
  const ordered_json json = ordered_json::parse(text);
  if (json == "none") return out;
  try {
    out = {.name = json.at("name"),
           .startup_trials = json.at("startup_trials"),
           .warmup_steps = json.at("warmup_steps"),
           .most_steps = json.at("most_steps"),
           .reduction = json.at("reduction")};
    check(out);
  } catch (const ordered_json::exception&) {
    throw DataError(str(where, ": expected a pruner's settings, got ", text));
  } catch (const ArgumentError& error) {
    throw DataError(str(where, ": ", error.what()));
  }
  return out;
}

std::string points_json(const std::vector<search::Point>& points) {
  return dumped(array_of_points(points));
}

std::vector<search::Point> parse_points(const search::Space& space, std::string_view text,
                                        const std::string& where) {
  std::vector<search::Point> points;
  for (const ordered_json& json : parsed_array(text, where)) {
    points.push_back(search::point_of_json(space, json, where));
  }
  return points;
}

}  // namespace joule::study
