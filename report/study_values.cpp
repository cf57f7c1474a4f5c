// SPDX-License-Identifier: MIT
#include "joule/report/study_values.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "joule/training/config_fields.h"

namespace joule::report {

using nlohmann::ordered_json;

std::string text_of(const search::Mean& mean, double unit, int digits) {
  if (!mean.interval) return fmt::format("{:.{}f} (n {})", mean.mean / unit, digits, mean.n);
  return fmt::format("{:.{}f} ± {:.{}f} (n {})", mean.mean / unit, digits,
                     (mean.interval->high - mean.interval->low) / 2 / unit, digits, mean.n);
}

std::string text_of(const study::Over* over, double unit, int digits) {
  return over ? text_of(over->mean(), unit, digits) : kNothing;
}

std::string signed_text(const search::Mean& mean, const std::string& unit, int digits) {
  const std::string behind = unit.empty() ? "" : " " + unit;
  if (!mean.interval) return fmt::format("{:+.{}f}{} (n {})", mean.mean, digits, behind, mean.n);
  return fmt::format("{:+.{}f} ± {:.{}f}{} (n {})", mean.mean, digits,
                     (mean.interval->high - mean.interval->low) / 2, digits, behind, mean.n);
}

search::Mean mean_of(const search::Difference& difference) {
  return {.n = difference.n_a,
          .mean = difference.difference,
          .deviation = {},
          .interval = difference.interval,
          .level = difference.level};
}

Point mean_point(double x, const search::Mean& mean) {
  Point point{.x = x, .y = mean.mean, .low = mean.mean, .high = mean.mean};
  if (mean.interval) {
    point.low = mean.interval->low;
    point.high = mean.interval->high;
  }
  return point;
}

Point percent_mean_point(double x, const search::Mean& mean) {
  Point point = mean_point(x, mean);
  point.low = std::max(point.low, 0.0);
  point.high = std::min(point.high, 100.0);
  return point;
}

ordered_json json_of(const search::Mean& mean) {
  ordered_json json{{"n", mean.n}, {"mean", mean.mean}};
  if (mean.interval) json["interval"] = {mean.interval->low, mean.interval->high};
  return json;
}

ordered_json json_of(const study::Over& over) {
  ordered_json json{{"name", over.name}, {"unit", over.unit}, {"quality", name(over.quality)}};
  if (over.numbers.empty()) {
    json["reason"] = over.reason;
    return json;
  }
  json.update(json_of(over.mean()));
  json["numbers"] = over.numbers;
  json["source"] = over.source;
  return json;
}

std::string machine_item(const std::string& summary) { return "Machine: " + summary + "."; }

Table options_table(const training::Config& config) {
  Table options{.caption = "Options that differ from those of joule train",
                .head = {"option", "value"},
                .prose = true};
  const training::Config defaults;
  for (const training::ConfigField& field : training::config_fields()) {
    if (field.text(config) != field.text(defaults) && !field.document) {
      options.rows.push_back({field.option(), field.text(config)});
    }
  }
  return options;
}

}  // namespace joule::report
