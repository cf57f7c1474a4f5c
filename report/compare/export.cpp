// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/csv.h"
#include "joule/io/json_dump.h"
#include "joule/report/compare/outputs.h"
#include "joule/training/config_fields.h"
#include "joule/training/config_json.h"

namespace joule::report {
namespace {

using nlohmann::ordered_json;

ordered_json or_null(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json or_null(const std::optional<search::Interval>& interval) {
  return interval ? ordered_json{interval->low, interval->high} : ordered_json();
}

ordered_json json_of(const ComparedRun& run) {
  ordered_json json{{"name", run.name},
                    {"folder", run.folder},
                    {"finished", run.finished},
                    {"epochs", run.epochs.size()},
                    {"of_epochs", run.config.epochs},
                    {"lost_after_epochs", run.lost_after},
                    {"machine", or_null(run.machine())},
                    {"config", training::json_of(run.config)}};
  ordered_json& environment = json["environment"];
  if (run.environment) environment = ordered_json::object();
  for (const auto& [what, is] : run.environment.value_or(Pairs())) environment[what] = is;
  for (const Quantity& quantity : quantities()) {
    const Amount amount = amount_of(quantity, run.epochs);
    json["values"][quantity.key] = {
        {"value", or_null(amount.value)},       {"unit", quantity.unit},
        {"quality", or_null(quantity.quality)}, {"half_width", or_null(amount.half_width)},
        {"source", or_null(amount.source)},     {"reason", or_null(amount.reason)}};
  }
  return json;
}

std::vector<std::string> names_of(const Comparison& c, const std::vector<std::size_t>& runs) {
  std::vector<std::string> names;
  for (const std::size_t run : runs) names.push_back(c.runs[run].name);
  return names;
}

ordered_json json_of(const Comparison& c, const Group& group) {
  ordered_json json{{"name", group.name},
                    {"runs", names_of(c, group.runs)},
                    {"counted", names_of(c, group.counted)},
                    {"finished", group.finished},
                    {"after_epoch", group.epochs}};
  for (std::size_t q = 0; q < quantities().size(); ++q) {
    const GroupFigure& figure = group.figures[q];
    ordered_json& entry = json["values"][quantities()[q].key];
    entry["n"] = figure.mean ? figure.mean->n : 0;
    entry["mean"] = figure.mean ? ordered_json(figure.mean->mean) : ordered_json();
    entry["deviation"] = figure.mean ? or_null(figure.mean->deviation) : ordered_json();
    entry["interval"] = figure.mean ? or_null(figure.mean->interval) : ordered_json();
    entry["confidence"] = search::kLevel;
    entry["unit"] = quantities()[q].unit;
    entry["quality"] = or_null(quantities()[q].quality);
    entry["reason"] = or_null(figure.reason);
    entry["caveat"] = or_null(figure.caveat);
  }
  return json;
}

ordered_json json_of(const Comparison& c, std::size_t group) {
  ordered_json json{{"group", c.groups[group].name}, {"less", c.groups[0].name}};
  for (std::size_t q = 0; q < quantities().size(); ++q) {
    const GroupDifference& d = c.differences[group][q];
    ordered_json& entry = json["values"][quantities()[q].key];
    const bool known = d.difference.has_value();
    entry["n"] = known ? ordered_json{d.difference->n_a, d.difference->n_b} : ordered_json();
    entry["difference"] = known ? ordered_json(d.difference->difference) : ordered_json();
    entry["interval"] = known ? or_null(d.difference->interval) : ordered_json();
    entry["confidence"] = search::kLevel;
    entry["p"] = known ? or_null(d.difference->p) : ordered_json();
    entry["unit"] = quantities()[q].unit;
    entry["quality"] = or_null(quantities()[q].quality);
    entry["reason"] = or_null(d.reason);
    entry["caveat"] = or_null(d.caveat);
  }
  return json;
}

ordered_json json_of(const Comparison& c, const AccuracyEnergy& found) {
  ordered_json json{{"accuracy", quantities()[found.accuracy].key},
                    {"energy", quantities()[found.energy].key},
                    {"front", nullptr},
                    {"not_told_apart", ordered_json::array()},
                    {"not_ruled_out", ordered_json::array()},
                    {"left_out", found.left_out},
                    {"caveat", or_null(found.caveat)}};
  if (found.front) json["front"] = ordered_json::array();
  for (const std::size_t g : found.front.value_or(std::vector<std::size_t>())) {
    json["front"].push_back(c.groups[g].name);
  }
  for (const auto& [a, b] : found.unseparated) {
    json["not_told_apart"].push_back({c.groups[a].name, c.groups[b].name});
  }
  for (const std::size_t g : found.perhaps) json["not_ruled_out"].push_back(c.groups[g].name);
  return json;
}

ordered_json json_of(const std::vector<Contrast>& contrasts) {
  ordered_json json = ordered_json::object();
  for (const Contrast& contrast : contrasts) json[contrast.what] = contrast.values;
  return json;
}

std::string exact(const std::optional<double>& value) {
  return value ? ordered_json(*value).dump() : "";
}

std::vector<std::string> csv_head() {
  std::vector<std::string> head{"run", "group", "seed", "finished", "machine", "epoch"};
  for (const Quantity& q : quantities()) {
    const std::string unit = q.unit.empty() ? "" : " [" + q.unit + "]";
    head.push_back(q.name + unit);
    if (!q.is_energy()) continue;
    for (const std::string& what :
         {str(" half-width", unit), std::string(" source"), std::string(" unavailable")}) {
      head.push_back(q.name + what);
    }
  }
  return head;
}

}  // namespace

ordered_json json_of(const Comparison& c) {
  ordered_json json{{"version", 1}};  // of the time before there were schemas
  for (const ComparedRun& run : c.runs) json["runs"].push_back(json_of(run));
  for (const Group& group : c.groups) json["groups"].push_back(json_of(c, group));
  json["differences"] = ordered_json::array();
  for (std::size_t g = 1; g < c.groups.size(); ++g) json["differences"].push_back(json_of(c, g));
  json["accuracy_energy"] = ordered_json::array();
  for (const AccuracyEnergy& found : c.fronts) json["accuracy_energy"].push_back(json_of(c, found));
  json["options"] = {{"common", ordered_json::object()}, {"different", json_of(c.fields)}};
  for (const auto& [what, is] : c.common) json["options"]["common"][what] = is;
  json["machine_and_program"] = json_of(c.environment);
  json["warnings"] = c.warnings;
  return with_schema("joule.compare", 1, json);
}

std::string to_csv(const Comparison& c) {
  std::string csv = csv_row(csv_head());
  for (std::size_t i = 0; i < c.runs.size(); ++i) {
    const ComparedRun& run = c.runs[i];
    Standing standing;
    for (const training::EpochMetrics& epoch : run.epochs) {
      standing.add(epoch);
      std::vector<std::string> cells{run.name,
                                     c.groups[c.group_of(i)].name,
                                     std::to_string(run.config.seed),
                                     run.finished ? "true" : "false",
                                     run.machine(),
                                     std::to_string(epoch.epoch)};
      for (const Quantity& quantity : quantities()) {
        const Amount amount = quantity.of(standing);
        cells.push_back(exact(amount.value));
        if (!quantity.is_energy()) continue;
        cells.insert(cells.end(), {exact(amount.half_width), amount.source, amount.reason});
      }
      csv += csv_row(cells);
    }
  }
  return csv;
}

}  // namespace joule::report
