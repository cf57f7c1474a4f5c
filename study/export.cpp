// SPDX-License-Identifier: MIT
#include "joule/study/export.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/error.h"
#include "joule/io/csv.h"
#include "joule/io/json_dump.h"
#include "joule/study/study_json.h"

namespace joule::study {
namespace {

using nlohmann::ordered_json;

/// With as many digits as tell it from its neighbours.
std::string number(double value) { return fmt::format("{}", value); }

/// A column of values: those of one name, unit and quality.
struct Column {
  std::string name, unit;
  Quality quality;
  bool interval = false, source = false;

  std::string head(const char* what = "") const {
    if (quality == Quality::unavailable) return name + " unavailable";
    return str(name, what, " [", unit.empty() ? "" : unit + ", ", study::name(quality), "]");
  }
};

/// What it took to propose the trial, and what came of it.
std::vector<Value> all_values(const Trial& trial) {
  std::vector<Value> values = trial.proposal;
  values.insert(values.end(), trial.values.begin(), trial.values.end());
  return values;
}

/// Those that any trial has, in the order in which they first appear.
std::vector<Column> columns_of(const std::vector<Trial>& trials) {
  std::vector<Column> columns;
  for (const Trial& trial : trials) {
    for (const Value& value : all_values(trial)) {
      // A reason stands for all units that the value may have elsewhere.
      const std::string unit = value.quality == Quality::unavailable ? "" : value.unit;
      auto found = std::ranges::find_if(columns, [&](const Column& c) {
        return c.name == value.name && c.unit == unit && c.quality == value.quality;
      });
      if (found == columns.end()) {
        found = columns.insert(columns.end(), {value.name, unit, value.quality});
      }
      found->interval = found->interval || value.low;
      found->source = found->source || (value.number && !value.source.empty());
    }
  }
  return columns;
}

const Value* value_in(const std::vector<Value>& values, const Column& column) {
  for (const Value& value : values) {
    if (value.name == column.name && value.quality == column.quality &&
        (value.unit == column.unit || value.quality == Quality::unavailable)) {
      return &value;
    }
  }
  return nullptr;
}

void add_values(std::vector<std::string>& row, const std::vector<Value>& values,
                const std::vector<Column>& columns) {
  for (const Column& column : columns) {
    const Value* const value = value_in(values, column);
    if (column.quality == Quality::unavailable) {
      row.push_back(value ? value->reason : "");
      continue;
    }
    row.push_back(value ? number(*value->number) : "");
    if (column.interval) {
      row.push_back(value && value->low ? number(*value->low) : "");
      row.push_back(value && value->high ? number(*value->high) : "");
    }
    if (column.source) row.push_back(value ? value->source : "");
  }
}

std::vector<std::string> head_row(const Study& study, const std::vector<Column>& columns) {
  std::vector<std::string> row{"number", "state", "seed",     "started", "ended", "seconds [s]",
                               "worker", "host",  "attempts", "crashes", "error"};
  for (const search::Dimension& dimension : study.definition.space.dimensions()) {
    row.push_back(dimension.name);
  }
  for (const Column& column : columns) {
    row.push_back(column.head());
    if (column.interval) {
      row.push_back(column.head(" low"));
      row.push_back(column.head(" high"));
    }
    if (column.source) row.push_back(column.head(" source"));
  }
  return row;
}

std::string of_point(const search::Point& point, const std::string& dimension) {
  const search::PointValue* const value = point.find(dimension);
  if (!value) return "";
  if (const auto* const text = std::get_if<std::string>(value)) return *text;
  if (const auto* const whole = std::get_if<std::int64_t>(value)) return fmt::format("{}", *whole);
  return number(std::get<double>(*value));
}

ordered_json document(const Study& study) {
  ordered_json json = with_schema("joule.study", 1, {{"format", "joule study 1"}});
  json["study"] = json_of(study.definition);
  json["origin"] = json_of(study.origin);
  return json;
}

}  // namespace

std::string utc(double seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(std::floor(seconds))));
}

std::string trials_csv(const Study& study, const std::vector<Trial>& trials) {
  const std::vector<Column> columns = columns_of(trials);
  std::string csv;
  csv += csv_row(head_row(study, columns));
  for (const Trial& trial : trials) {
    const bool timed = trial.started && trial.ended;
    std::vector<std::string> row{fmt::format("{}", trial.number),
                                 std::string(name(trial.state)),
                                 fmt::format("{}", trial.seed),
                                 trial.started ? utc(*trial.started) : "",
                                 trial.ended ? utc(*trial.ended) : "",
                                 timed ? fmt::format("{:.3f}", *trial.ended - *trial.started) : "",
                                 trial.worker,
                                 trial.host,
                                 fmt::format("{}", trial.token),
                                 fmt::format("{}", trial.crashes),
                                 trial.error};
    for (const search::Dimension& dimension : study.definition.space.dimensions()) {
      row.push_back(of_point(trial.point, dimension.name));
    }
    add_values(row, all_values(trial), columns);
    csv += csv_row(row);
  }
  return csv;
}

std::string study_json(const Study& study, const std::vector<Trial>& trials) {
  ordered_json json = document(study);
  json["trials"] = ordered_json::array();
  for (const Trial& trial : trials) json["trials"].push_back(json_of(trial));
  return dumped(json, 2) + "\n";
}

std::string definition_json(const Study& study) { return dumped(document(study), 2) + "\n"; }

}  // namespace joule::study
