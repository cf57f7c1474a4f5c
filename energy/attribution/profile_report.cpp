// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "joule/energy/attribution/profile.h"
#include "joule/energy/json/values_json.h"
#include "joule/io/csv.h"
#include "joule/io/json_dump.h"

namespace joule::energy {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

/// Columns of a row: the names and counts, then the figures.
ordered_json counts(const ProfileRow& row, bool times) {
  const auto& [calls, work, tally] = row.totals;
  ordered_json object{{"layer", row.layer},
                      {"phase", row.phase},
                      {"op", row.op},
                      {"implementation", row.implementation},
                      {"calls", calls},
                      {"nanoseconds", times ? ordered_json(tally.nanoseconds) : ordered_json()},
                      {"gflops", times ? or_null(gflops(row.totals)) : ordered_json()},
                      {"macs", work.macs},
                      {"macs_skippable", tally.macs_skippable},
                      {"macs_skipped", tally.macs_skipped},
                      {"bytes_read", work.bytes_read},
                      {"bytes_written", work.bytes_written},
                      {"values_in", tally.values_in},
                      {"values_in_nonzero", tally.values_in_nonzero},
                      {"density", or_null(row.totals.density())}};
  return object;
}

ordered_json json_row(const ProfileRow& row, bool times) {
  ordered_json object = counts(row, times);
  object["modelled"] = json_of(row.modelled);
  object["attributed"] = json_of(row.attributed);
  object["ticks"] = or_null(row.ticks);
  return object;
}

ordered_json ticks(const std::optional<Split>& split) {
  if (!split) return {};
  return {{"gross", split->gross}, {"idle", split->idle}, {"unattributed", split->unattributed}};
}

ordered_json not_in_sum(const Profile& p) {
  ordered_json array = ordered_json::array();
  for (const auto& [meter, why, gross] : p.beside) {
    array.push_back({{"meter", json_of(meter)}, {"reason", why}, {"gross", json_of(gross)}});
  }
  return array;
}

ordered_json environment(const Profile& p) {
  if (!p.environment_json.empty()) return ordered_json::parse(p.environment_json);
  ordered_json object = ordered_json::object();
  for (const auto& [what, is] : p.environment) object[what] = is;
  return object;
}

ordered_json sources(const Profile& p) {
  ordered_json array = ordered_json::array();
  for (const MeterInfo& source : p.sources) {
    ordered_json& object = array.emplace_back(json_of(source));
    for (const char* key : {"joules_per_tick", "update_period_s", "systematic", "quality",
                            "most_watts", "limit_watts", "band_hz", "remarks"}) {
      object.erase(key);  // of the meter that was used they are in `meter`
    }
  }
  return array;
}

/// Times from the beginning of the first one.
ordered_json windows(const Profile& p) {
  ordered_json array = ordered_json::array();
  for (const auto& [what, interval] : p.windows) {
    const std::int64_t start = p.windows.front().interval.begin.monotonic_ns;
    const std::string problem = interval.problem();
    array.push_back({{"what", what},
                     {"begin_ns", interval.begin.monotonic_ns - start},
                     {"end_ns", interval.end.monotonic_ns - start},
                     {"ticks", problem.empty() ? ordered_json(interval.ticks()) : ordered_json()},
                     {"problem", problem.empty() ? ordered_json() : ordered_json(problem)}});
  }
  return array;
}

ordered_json loops_beside(const Profile& p) {
  if (!p.verification) return {};
  ordered_json operations = ordered_json::array();
  for (const Verified& v : p.verification->operations) {
    ordered_json lines = ordered_json::array();
    for (const std::size_t i : v.lines) {
      const auto& [op, implementation, scope] = p.lines[i].run;
      lines.push_back({{"layer", scope.layer},
                       {"phase", name(scope.phase)},
                       {"op", op},
                       {"implementation", implementation}});
    }
    operations.push_back({{"lines", lines},
                          {"calls", v.calls},
                          {"attributed", json_of(v.attributed)},
                          {"looped", json_of(v.looped)},
                          {"relative_error", or_null(v.error)},
                          {"relative_error_half_width", or_null(v.half_width)},
                          {"paused_at_watts", v.paused_at.value()},
                          {"rested", v.rested}});
  }
  const auto [agree, known] = agreement(*p.verification);
  return {{"idle_power", json_of(p.verification->idle_power)},
          {"level_watts", p.verification->level.value()},
          {"agree", agree},
          {"of", known},
          {"operations", operations}};
}

std::string cell(const ordered_json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? csv_cell(value.get<std::string>()) : dumped(value);
}

}  // namespace

ordered_json json_of(const Profile& p) {
  ordered_json lines = ordered_json::array();
  for (const ProfileRow& row : rows(p, By::line)) lines.push_back(json_row(row, p.times));
  const Ratio ratio = modelled_per_dynamic(p);
  const ordered_json body{
      {"format", "joule-profile"},  // of the time before there were schemas
      {"version", 2},
      {"model", p.model},
      {"input", p.input},
      {"data", p.data},
      {"mode", p.mode},
      {"batch", p.batch},
      {"steps", p.steps},
      {"warmup", p.warmup},
      {"meter", json_of(p.meter)},
      {"not_in_sum", not_in_sum(p)},
      {"idle_power", json_of(p.idle_power)},
      {"profile", {{"name", p.cost.name}, {"source", p.cost.source}}},
      {"attribution", name(p.attribution.rule)},
      {"attribution_reason",
       p.attribution.why.empty() ? ordered_json() : ordered_json(p.attribution.why)},
      {"window", json_of(p.attribution.whole)},
      {"ticks", ticks(p.attribution.ticks)},
      {"unattributed", json_of(p.attribution.unattributed)},
      {"total", json_row(total(p), p.times)},
      {"modelled_per_dynamic",
       {{"value", or_null(ratio.value)},
        {"reason", ratio.value ? ordered_json() : ordered_json(ratio.reason)}}},
      {"notes", p.notes},
      {"environment", environment(p)},
      {"sources", sources(p)},
      {"windows", windows(p)},
      {"verification", loops_beside(p)},
      {"lines", lines}};
  return with_schema("joule.profile", 2, body);
}

std::string to_json(const Profile& p) { return dumped(json_of(p), 2) + "\n"; }

std::string to_csv(const Profile& p) {
  std::string text;
  for (const ProfileRow& row : rows(p, By::line)) {
    ordered_json cells = counts(row, p.times);
    const auto add = [&](const std::string& key, const Figure<Joules>& figure) {
      const ordered_json object = json_of(figure);
      cells[key + "_joules"] = object["value"];
      cells[key + "_uncertainty_joules"] = object["uncertainty"];
    };
    add("modelled", row.modelled);
    add("attributed", row.attributed);
    cells["attributed_ticks"] = or_null(row.ticks);
    cells["attributed_reason"] = row.attributed.reason();
    std::string head, line;
    for (const auto& [key, value] : cells.items()) {
      if (!head.empty()) head += ',', line += ',';
      head += key;
      line += cell(value);
    }
    if (text.empty()) text = head + "\r\n";
    text += line + "\r\n";
  }
  return text;
}

}  // namespace joule::energy
